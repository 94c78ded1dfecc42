"""What a reader sees of the layout: on a phone, in print, on the desktop."""

from collections.abc import Iterator
from typing import Any

import pytest

PHONE = {"width": 390, "height": 800}


@pytest.fixture
def phone(chromium: Any, address: str) -> Iterator[Any]:
    context = chromium.new_context(base_url=address, viewport=PHONE)
    yield context.new_page()
    context.close()


@pytest.fixture
def desktop(chromium: Any, address: str) -> Iterator[Any]:
    context = chromium.new_context(base_url=address, color_scheme="dark")
    yield context.new_page()
    context.close()


def test_a_tab_of_go_is_four_columns_wide(phone: Any) -> None:
    phone.goto("/operations/infer-array/?lang=go")
    size = phone.eval_on_selector(".sg-code pre", "pre => getComputedStyle(pre).tabSize")
    assert size == "4"


def test_the_names_of_operations_stay_above_the_scrolled_matrix(phone: Any) -> None:
    phone.goto("/clients/")
    phone.wait_for_selector(".sg-matrix")
    seen = phone.evaluate(
        """() => {
          const table = document.querySelector('.sg-matrix');
          table.closest('.sg-scroll').scrollLeft = 150;
          return [...table.querySelectorAll('th[rowspan], tbody th')].map((head) => {
            head.scrollIntoView({ block: 'center' });
            const { left, right, top, height } = head.getBoundingClientRect();
            const at = (x) => head.contains(document.elementFromPoint(x, top + height / 2));
            return at(left + 8) && at(right - 8);
          });
        }"""
    )
    assert seen
    assert all(seen)


def test_no_column_of_the_fields_is_out_of_sight(phone: Any) -> None:
    phone.goto("/operations/infer-array/")
    outside = phone.eval_on_selector_all(
        ".sg-fields td",
        "(all, width) => all.filter(cell => cell.getBoundingClientRect().right > width).length",
        PHONE["width"],
    )
    assert phone.locator(".sg-fields td").count() > 20
    assert outside == 0


COVERED = """() => [...document.querySelectorAll('.highlight pre')].filter((pre) => {
  const button = pre.parentElement.querySelector('.md-code__nav');
  const text = document.createTreeWalker(pre.querySelector('code'), NodeFilter.SHOW_TEXT);
  if (!button || !pre.checkVisibility()) return false;
  const place = button.getBoundingClientRect();
  for (let node = text.nextNode(); node; node = text.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const end = pre.querySelector('code').getBoundingClientRect().right; // beyond it, it is cut
    for (const { left, right: whole, top, bottom } of range.getClientRects()) {
      const right = Math.min(whole, end);
      if (right > left && right > place.left && left < place.right
        && bottom > place.top + 4 && top < place.bottom - 4) return true;
    }
  }
  return false;
}).map(pre => pre.textContent)"""


@pytest.mark.parametrize("path", ["/own-model/", "/wire-format/", "/", "/operations/health/"])
def test_a_copy_button_covers_no_text(desktop: Any, path: str) -> None:
    desktop.goto(path)
    desktop.wait_for_selector(".md-code__button", state="attached")
    assert desktop.evaluate(COVERED) == []


def test_paper_is_light_and_names_the_client(desktop: Any) -> None:
    desktop.goto("/operations/health/?lang=go/http")
    desktop.wait_for_function("document.querySelector('[data-client=\"go/http\"]').checked")
    desktop.emulate_media(media="print", color_scheme="dark")
    labels = desktop.locator(".sg-samples .tabbed-labels > label:visible").all_inner_texts()
    assert labels == ["golang", "net/http (standard library)"]
    for hidden in (".sg-code > .filename", ".sg-values", ".sg-run", ".md-code__nav", ".sg-more"):
        assert desktop.locator(f"{hidden}:visible").count() == 0, hidden
    colours = desktop.eval_on_selector(
        ".sg-code code", "code => [getComputedStyle(code).color, getComputedStyle(code).background]"
    )
    assert colours[0] == "rgb(0, 0, 0)"
    assert colours[1].startswith("rgb(255, 255, 255)")


def test_an_empty_message_of_the_form_takes_no_room(desktop: Any) -> None:
    desktop.goto("/operations/health/")
    desktop.locator(".sg-values").first.evaluate("details => details.open = true")
    assert not desktop.locator(".sg-values output").is_visible()


def test_a_note_about_a_library_is_below_the_output(desktop: Any) -> None:
    desktop.goto("/operations/health/?lang=cpp/triton-http")
    note = desktop.locator(".sg-deviation:visible")
    note.wait_for()
    assert note.inner_text().startswith("Note:")
    assert note.evaluate("note => note.previousElementSibling.className") == "sg-output"
