import pytest
import torch
from torch import Tensor

from tests.helpers import ALGEBRAS, close, error, fitting
from vsa import Algebra, ItemMemory
from vsa.errors import ExpressionError, RangeError, SymbolError

NAMES = ["shape", "heart", "size", "big", "a b"]


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_expressions_are_the_verbs(algebra: Algebra) -> None:
    memory = ItemMemory(NAMES, fitting(algebra, 30), algebra=algebra)
    shape, heart, size, big, other = memory.vectors
    bundle = algebra.bundle

    def bind(key: Tensor, value: Tensor) -> Tensor:
        return algebra.bind(value, key) if algebra.laws.key_side == "right" else algebra.bind(key, value)

    for text, expected in {
        "shape": shape,
        " ( heart ) ": heart,
        "shape*heart": bind(shape, heart),
        "shape * heart * size": bind(bind(shape, heart), size),
        "shape * (heart * size)": bind(shape, bind(heart, size)),
        "shape * heart + size * ~big": bundle(torch.stack([bind(shape, heart), bind(size, algebra.inverse(big))])),
        "2 * shape + heart + big": bundle(torch.stack([shape, heart, big]), weights=torch.tensor([2, 1, 1])),
        "shape * 0.5 - heart + 'a b'": bundle(torch.stack([shape, heart, other]), weights=torch.tensor([0.5, -1.0, 1.0])),
        "(shape + heart + size) * big": bind(bundle(torch.stack([shape, heart, size])), big),
        "~~shape": algebra.inverse(algebra.inverse(shape)),
        "shape ** 2": bind(shape, shape),
        "heart >> 2": algebra.permute(heart, 2),
        "heart << 3 >> 1": algebra.permute(heart, -2),
        "shape ** -1": algebra.inverse(shape),
    }.items():
        assert algebra.similarity(memory.parse(text), expected).item() == pytest.approx(1, abs=1e-5), text


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_what_is_bound_with_a_role_written_first_is_found(algebra: Algebra) -> None:
    memory = ItemMemory(NAMES, 4096, algebra=algebra)
    scene = memory.parse("shape * heart + size * big")
    assert memory.cleanup(algebra.unbind(scene, memory["shape"])).names == ["heart"]
    assert memory.cleanup(algebra.unbind(scene, memory["size"])).names == ["big"]
    if not getattr(algebra, "exact", False):  # whose inverse is loud where the spectrum is low
        assert memory.cleanup(memory.parse("~shape * (shape * heart + size * big)")).names == ["heart"]
    nested = memory.parse("size * (shape * heart) + 'a b' * big")
    assert memory.cleanup(algebra.unbind(algebra.unbind(nested, memory["size"]), memory["shape"])).names == ["heart"]


def test_weights_of_integers_are_exact_and_stay_integers() -> None:
    memory = ItemMemory(NAMES, 8, dtype=torch.int8)
    assert memory.parse("2 * shape - heart").equal(2 * memory["shape"].long() - memory["heart"])
    assert memory.parse("-shape").equal(-memory["shape"].long())
    close(memory.parse("1.5e0 * shape"), 1.5 * memory["shape"].double())


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("", "a name is missing", 0),
        ("shape +", "a name is missing", 7),
        ("shape heart", "the expression should have ended", 6),
        ("(shape", "a closing parenthesis is missing", 6),
        ("shape)", "the expression should have ended", 5),
        ("shape & heart", "this sign has no meaning here", 6),
        ("2 + shape", "a number is the weight of a vector: write 2 * name", 0),
        ("shape >> 1.5", ">> needs a whole number after it", 9),
        ("shape ** heart", "** needs a number after it", 9),
        ("* shape", "a name is missing", 0),
        ("__import__('os').system('ls')", "this sign has no meaning here", 16),
    ],
)
def test_texts_that_are_no_expressions(text: str, reason: str, place: int) -> None:
    memory = ItemMemory([*NAMES, "__import__"], 8)
    with error(ExpressionError, f"parse: {reason}, at place {place}:", text, "^"):
        memory.parse(text)


@pytest.mark.parametrize("text", ["(" * 5000 + "shape" + ")" * 5000, "~" * 5000 + "shape"], ids=["parentheses", "inverses"])
def test_what_is_nested_too_deeply(text: str) -> None:
    with error(ExpressionError, "nested too deeply"):
        ItemMemory(NAMES, 8).parse(text)


def test_numbers_as_large_as_can_be_written() -> None:
    memory = ItemMemory(NAMES, 64, algebra="BSC")
    assert torch.equal(memory.parse("1e30 * shape + heart"), memory["shape"])
    with error(ExpressionError, "nothing is shifted so far"):
        memory.parse("shape >> " + "9" * 5000)


def test_names_and_powers_that_do_not_exist() -> None:
    memory = ItemMemory(NAMES, 8)
    with error(SymbolError, "no symbol 'shpe'", "did you mean 'shape'"):
        memory.parse("shpe * heart")
    with error(RangeError, "MAP has whole powers alone"):
        memory.parse("shape ** 0.5")
    with error(ExpressionError, "an expression is a string, got int"):
        memory.parse(3)  # pyright: ignore[reportArgumentType]
