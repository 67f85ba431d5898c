from pathlib import Path

import pytest

from tasks.studies.page import check_page, write_page
from tests.helpers import error
from vsa.errors import InputError


def test_what_is_between_the_markers_is_replaced_and_the_prose_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n<!-- a -->\nold\n<!-- /a -->\n\nprose\n\n<!-- b -->\n<!-- /b -->\nend\n")
    check_page(page, ["a", "b"])
    write_page(page, {"a": "new", "b": "more"})
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("# Title\n\n<!-- a -->\n\nnew\n\n<!-- /a -->\n\nprose\n")
    assert text.endswith("<!-- b -->\n\nmore\n\n<!-- /b -->\nend\n")
    assert list(tmp_path.iterdir()) == [page]


def test_a_page_that_is_not_there_is_made(tmp_path: Path) -> None:
    for made in ("old", "new"):
        write_page(tmp_path / "page.md", {"a": made, "b": "more"})
    text = (tmp_path / "page.md").read_text()
    assert text == "<!-- a -->\n\nnew\n\n<!-- /a -->\n\n<!-- b -->\n\nmore\n\n<!-- /b -->\n"


@pytest.mark.parametrize("text", ["", "<!-- a -->", "<!-- /a --> <!-- a -->", "<!-- a --><!-- a --><!-- /a -->"])
def test_a_page_without_its_place_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with error(InputError, "must have one line <!-- a --> and, after it, one line <!-- /a -->"):
        check_page(page, ["a"])
