"""Every page against axe-core: light and dark, desktop and phone, every tab and box opened."""

from typing import Any

import pytest

from tests.site.building import Site

VIEWPORTS = {"desktop": (1280, 900), "phone": (390, 800)}
OPEN_ALL = """() => {
  document.querySelectorAll('details').forEach(details => details.open = true);
  const style = document.createElement('style');
  style.textContent = '.md-typeset .tabbed-block { display: block !important }';
  document.head.append(style);
}"""


@pytest.mark.timeout(400)  # axe takes seconds for each page, on a busy machine many
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", VIEWPORTS)
def test_no_violation(
    chromium: Any, site: Site, address: str, axe: str, scheme: str, viewport: str
) -> None:
    width, height = VIEWPORTS[viewport]
    context = chromium.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=scheme
    )
    page = context.new_page()
    found = []
    pages = sorted(site.folder.rglob("*.html"))
    assert len(pages) > len(site.book.operations)
    for html in pages:
        path = html.relative_to(site.folder).as_posix()
        page.goto(f"/{path}")
        page.evaluate(OPEN_ALL)
        page.evaluate(axe)
        result = page.evaluate("axe.run()")
        found += [
            f"{path}: {violation['id']}: {node['target']}: {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
    context.close()
    assert not found, "\n".join(found)
