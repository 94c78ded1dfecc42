"""The docs site: a mkdocs plugin that shows samples with what was proved about them."""

from samplegen.site.plugin import SamplegenPlugin

__all__ = ["SamplegenPlugin"]
