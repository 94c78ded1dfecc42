"""For search engines, previews and lost readers: data in the head, robots.txt, the 404 page."""

import json
import re
from dataclasses import dataclass

from samplegen.site.escaping import html

_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_TITLE = re.compile(r"(<h1[^>]*>)\s*404[^<]*(</h1>)")


@dataclass(frozen=True)
class Described:
    """A page as others show a link to it."""

    title: str
    description: str
    site: str
    url: str
    """Empty where the site has no address of its own."""
    image: str = ""
    """The full address of a picture."""


def with_data(page: str, described: Described) -> str:
    """A page with Open Graph's properties, and with schema.org's where it has an address."""
    properties = {
        "og:type": "article",
        "og:site_name": described.site,
        "og:title": described.title,
        "og:description": described.description,
        "og:url": described.url,
        "og:image": described.image,
    }
    tags = [
        f'<meta property="{name}" content="{html(value)}">'
        for name, value in properties.items()
        if value
    ]
    card = "summary_large_image" if described.image else "summary"
    tags.append(f'<meta name="twitter:card" content="{card}">')
    if described.url:
        article = {
            "@context": "https://schema.org",
            "@type": "TechArticle",
            "headline": described.title,
            "description": described.description,
            "url": described.url,
        }
        data = json.dumps(article, ensure_ascii=False).replace("<", "\\u003c")
        tags.append(f'<script type="application/ld+json">{data}</script>')
    return _HEAD_END.sub(lambda match: "".join(tags) + match[0], page, count=1)


def robots(root: str) -> str:
    """`robots.txt` of a site at this address: all may read all."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {root}sitemap.xml\n"


def not_found(page: str, links: list[tuple[str, str]]) -> str:
    """The theme's 404 page with something to go on with.

    Args:
        page: Its HTML.
        links: Addresses and titles.
    """
    items = "".join(f'<li><a href="{html(url)}">{html(title)}</a></li>' for url, title in links)
    more = f"<p>There is no such page. Search above, or go to one of these:</p><ul>{items}</ul>"
    return _TITLE.sub(lambda match: f"{match[1]}Page not found{match[2]}{more}", page, count=1)
