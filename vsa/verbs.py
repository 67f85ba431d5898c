"""The verbs: what can be done with hypervectors, whatever the algebra.

Each takes plain tensors whose last dimension is the vector, and the algebra as an argument: a name, an object, or nothing for
MAP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.algebra import Algebra, Side
from vsa.lookup import resolve

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped


def bind(
    a: Shaped[Tensor, "*batch_a dim"], b: Shaped[Tensor, "*batch_b dim"], *, algebra: str | Algebra | None = None
) -> Shaped[Tensor, "*batch dim"]:
    """Join two vectors into one that resembles neither, and from which either can be had back with the other.

    Args:
        a: [*batch_a, dim].
        b: [*batch_b, dim], of the same dtype and device; batch dimensions broadcast. Integers may differ in width.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype; of two integer dtypes, the wider.

    Raises:
        ShapeError: the dimensions differ, or the batches do not broadcast.
        DtypeError: the dtypes or devices differ, or the algebra cannot use them.
        RangeError: a product of integers would overflow their dtype.
        AlgebraError: the algebra is unknown, or not the one that a tensor of torchhd carries.

    Source: Kanerva, "Hyperdimensional computing", 2009, and the papers named in each file of vsa/algebras.

    Example:
        >>> shape, heart = random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> similarity(bind(shape, heart), heart).abs() < 0.1
        tensor(True)
    """
    return resolve(algebra, a, b).bind(a, b)


def unbind(
    composite: Shaped[Tensor, "*batch_a dim"],
    key: Shaped[Tensor, "*batch_b dim"],
    side: Side = "right",
    *,
    algebra: str | Algebra | None = None,
) -> Shaped[Tensor, "*batch dim"]:
    """What was bound with this key: the composite comes first, the key second.

    Args:
        composite: [*batch_a, dim], a bound vector, or a bundle of them.
        key: [*batch_b, dim], of the same dtype and device. Integers may differ in width: bundles of int8 are int64.
        side: where the key stood when it was bound: "right" for bind(x, key), "left" for bind(key, x). It matters only where
            the algebra's laws say key_side="right", as in VTB.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the dtype that ``bind`` gives. Exact where the algebra's laws say so, with noise where they do not, and
        with the noise of the other entries where the composite is a bundle.

    Raises:
        ShapeError, DtypeError, AlgebraError: as in ``bind``.
        RangeError: side is neither "right" nor "left".

    Example:
        >>> shape, heart = random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(unbind(bind(shape, heart), shape), heart)
        True
    """
    return resolve(algebra, composite, key).unbind(composite, key, side)


def multibind(stack: Shaped[Tensor, "..."], dim: int = -2, *, algebra: str | Algebra | None = None) -> Shaped[Tensor, "..."]:
    """The product of a stack of vectors: bind(bind(first, second), third) and so on.

    Args:
        stack: [*batch, n, dim], with n at least 1.
        dim: the dimension to multiply over, not the last; -2 if none is given.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype.

    Raises:
        ShapeError: there is no such dimension, it is the vectors' own, or it is empty.
        DtypeError: it is not one tensor, or the algebra cannot use its dtype.
        RangeError: a product of integers would overflow their dtype.

    Example:
        >>> stack = random(3, 1024, algebra="HRR", generator=torch.Generator().manual_seed(0))
        >>> a, b, c = stack
        >>> torch.allclose(multibind(stack, algebra="HRR"), bind(bind(a, b, algebra="HRR"), c, algebra="HRR"), atol=1e-6)
        True
    """
    return resolve(algebra, stack).multibind(stack, dim)


def bundle(
    stack: Shaped[Tensor, "..."],
    dim: int = -2,
    *,
    weights: Num[Tensor, "..."] | None = None,
    algebra: str | Algebra | None = None,
) -> Shaped[Tensor, "..."]:
    """The superposition of a stack of vectors: one vector that resembles each of them.

    Args:
        stack: [*batch, n, dim], with n at least 1.
        dim: the dimension to bundle over, not the last; -2 if none is given.
        weights: how much of each vector, real numbers [n] or [*batch, n]; all alike if there are none.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim]. Where the algebra's laws say bundling="sum", the plain sum, of the same dtype (integers are summed in
        int64, or in the dtype of floating weights): call ``normalize`` to bring it back among the algebra's own vectors. Where
        they say "majority", the vote, element by element.

    Raises:
        ShapeError: there is no such dimension, it is the vectors' own, or it is empty; or the weights do not fit.
        DtypeError: it is not one tensor, or the algebra cannot use its dtype, or the weights are not real.
        RangeError: a weight is NaN or infinite, or a sum of integers would overflow.

    Example:
        >>> a, b, c = random(3, 1024, generator=torch.Generator().manual_seed(0))
        >>> similarity(bundle(torch.stack([a, b])), torch.stack([a, b, c])) > 0.5
        tensor([ True,  True, False])
        >>> bundle(torch.stack([a, b]), weights=torch.tensor([1.0, -1.0])).equal(a - b)
        True
    """
    return resolve(algebra, stack).bundle(stack, dim, weights)


def permute(
    x: Shaped[Tensor, "*batch dim"], shifts: int = 1, *, algebra: str | Algebra | None = None
) -> Shaped[Tensor, "*batch dim"]:
    """Shift the elements of each vector in a circle: the result resembles nothing, and -shifts undoes it.

    In SBC blocks are shifted, not elements, so that each block keeps its single 1.

    Args:
        x: [*batch, dim].
        shifts: by how many places, to the right.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype.

    Raises:
        ShapeError, DtypeError: x is not a vector, or shifts not an integer.

    Example:
        >>> permute(torch.tensor([1.0, 2.0, 3.0]))
        tensor([3., 1., 2.])
    """
    return resolve(algebra, x).permute(x, shifts)


def inverse(x: Shaped[Tensor, "*batch dim"], *, algebra: str | Algebra | None = None) -> Shaped[Tensor, "*batch dim"]:
    """The vector that undoes binding: unbind(c, x) is bind(c, inverse(x)).

    It is exact where the algebra's laws say exact_unbinding; in HRR it is the approximate inverse unless ``exact=True``.

    Args:
        x: [*batch, dim].
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype.

    Raises:
        ShapeError, DtypeError: x is not a vector of this algebra.

    Example:
        >>> inverse(torch.tensor([1.0, 2.0, 3.0]), algebra="HRR")
        tensor([1., 3., 2.])
    """
    return resolve(algebra, x).inverse(x)


def negative(x: Shaped[Tensor, "*batch dim"], *, algebra: str | Algebra | None = None) -> Shaped[Tensor, "*batch dim"]:
    """The opposite vector, of similarity -1: bundled with x it takes x out again.

    Args:
        x: [*batch, dim].
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype: -x, and in BSC the complement.

    Raises:
        ShapeError, DtypeError: x is not a vector of this algebra.
        AlgebraError: the algebra has no such vectors (BSBC, MCR and CGR).

    Example:
        >>> negative(torch.tensor([True, False]), algebra="BSC")
        tensor([False,  True])
    """
    return resolve(algebra, x).negative(x)


def power(
    x: Shaped[Tensor, "*batch dim"], exponent: float, *, algebra: str | Algebra | None = None
) -> Shaped[Tensor, "*batch dim"]:
    """x bound with itself so many times; 0 is the identity, -1 the inverse, and a fraction lies between.

    Args:
        x: [*batch, dim].
        exponent: a number; a whole one unless the algebra's laws say fractional_powers.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype. Where binding is not associative, bind(bind(x, x), x) and so on.

    Raises:
        ShapeError, DtypeError: x is not a vector of this algebra, or the exponent not a number.
        RangeError: the exponent is NaN or infinite, or a fraction where the algebra has none.

    Source: Plate, "Holographic recurrent networks", 1992; Komer et al., "A neural representation of continuous space using
    fractional binding", CogSci 2019.

    Example:
        >>> (x,) = random(1, 1024, algebra="FHRR", generator=torch.Generator().manual_seed(0))
        >>> half = power(x, 0.5, algebra="FHRR")
        >>> torch.allclose(bind(half, half, algebra="FHRR"), x, atol=1e-5)
        True
    """
    return resolve(algebra, x).power(x, exponent)


def normalize(x: Shaped[Tensor, "*batch dim"], *, algebra: str | Algebra | None = None) -> Shaped[Tensor, "*batch dim"]:
    """The nearest of the algebra's own vectors: bipolar in MAP, of unit length in HRR and VTB, of unit phasors in FHRR, one place
    a block in SBC; in BSC every vector is one.

    Args:
        x: [*batch, dim].
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype. A zero (in MAP and FHRR an element, in SBC a block, in HRR and VTB a vector) says
        nothing either way, and stays zero. The gradient is straight-through where a choice is made (MAP, SBC).

    Raises:
        ShapeError, DtypeError: x is not a vector of this algebra.

    Example:
        >>> normalize(torch.tensor([3.0, -0.5, 0.0]))
        tensor([ 1., -1.,  0.])
    """
    return resolve(algebra, x).normalize(x)


def dot(
    a: Shaped[Tensor, "*batch_a dim"], b: Shaped[Tensor, "*batch_b dim"], *, algebra: str | Algebra | None = None
) -> Float[Tensor, "*batch"]:
    """The inner product of two vectors: what ``similarity`` is before it is divided by both lengths.

    Args:
        a: [*batch_a, dim].
        b: [*batch_b, dim], of the same dtype and device; batch dimensions broadcast. Integers may differ in width.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch], real and floating. In FHRR the real part of the complex product; in BSC, dim - 2 hamming(a, b).

    Raises:
        ShapeError, DtypeError, AlgebraError: as in ``bind``.

    Example:
        >>> dot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, -1.0]))
        tensor(1.)
    """
    return resolve(algebra, a, b).dot(a, b)


def similarity(
    a: Shaped[Tensor, "*batch_a dim"], b: Shaped[Tensor, "*batch_b dim"], *, algebra: str | Algebra | None = None
) -> Float[Tensor, "*batch"]:
    """The cosine of two vectors, in [-1, 1] for every algebra: 1 for the same, about 0 for unrelated ones.

    Args:
        a: [*batch_a, dim].
        b: [*batch_b, dim], of the same dtype and device, but for the width of integers; batch dimensions broadcast, so
            a[:, None] against b compares all with all.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch], real and floating (float32 for half precision). 0 where a vector is zero; its gradient is finite there.

    Raises:
        ShapeError, DtypeError, AlgebraError: as in ``bind``.

    Example:
        >>> x = random(3, 1024, generator=torch.Generator().manual_seed(0))
        >>> similarity(x[:, None], x).round(decimals=1).diagonal()
        tensor([1., 1., 1.])
    """
    return resolve(algebra, a, b).similarity(a, b)


def identity(
    dim: int,
    *,
    algebra: str | Algebra | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Shaped[Tensor, " dim"]:
    """The vector that binding does not notice: bind(x, identity(dim)) is x.

    Args:
        dim: how long it is.
        algebra: a name or an algebra; MAP if there is none.
        dtype: of the result; the algebra's own if none is given.
        device: of the result.

    Returns:
        [dim]. In VTB it is an identity on the right alone.

    Raises:
        RangeError: dim is not positive, or the algebra has no vectors of that dimension.
        DtypeError: dim is not an integer, or the algebra has no such dtype.

    Example:
        >>> identity(4, algebra="HRR")
        tensor([1., 0., 0., 0.])
    """
    return resolve(algebra).identity(dim, dtype=dtype, device=device)


def random(
    n: int,
    dim: int,
    *,
    algebra: str | Algebra | None = None,
    generator: torch.Generator | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Shaped[Tensor, "n dim"]:
    """Independent random vectors, any two of them nearly orthogonal.

    Args:
        n: how many.
        dim: how long each is.
        algebra: a name or an algebra; MAP if there is none.
        generator: where the numbers come from, on any device; torch's own generator if there is none.
        dtype: of the result; the algebra's own if none is given.
        device: of the result; the generator's own if none is given.

    Returns:
        [n, dim]. MAP: each element -1 or 1. HRR and VTB: of unit length, uniform on the sphere. FHRR: unit phasors. BSC: bool;
        PackedBSC: int64 [n, dim / 64]. SBC: one 1 in each block.

    Raises:
        RangeError: n is negative, dim not positive, or the algebra has no vectors of that dimension.
        DtypeError: n or dim is not an integer, or the algebra has no such dtype.

    Example:
        >>> random(2, 1024, algebra="FHRR", generator=torch.Generator().manual_seed(0)).shape
        torch.Size([2, 1024])
    """
    return resolve(algebra).random(n, dim, generator=generator, dtype=dtype, device=device)
