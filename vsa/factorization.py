"""Factorisation: which item of each codebook was bound into a product.

Frady, Kent, Olshausen, Sommer, "Resonator networks, 1", and Kent, Frady, Sommer, Olshausen, "Resonator networks, 2", Neural
Computation 32 (12), 2020. That only the likelier items take part in an estimate is an idea of Langenegger et al., "In-memory
factorization of holographic perceptual representations", Nature Nanotechnology 18, 2023.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import integer, number
from vsa.algebras.fourier import rfft
from vsa.capacity import threshold as chance
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError
from vsa.lookup import resolve
from vsa.memory import ItemMemory

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, Shaped

LOOK_EVERY = 2
"""After how many steps the answer is looked at: a look costs about as much as a step."""
FATIGUE = 0.4
"""The part of its last weight that an item loses at the next step, which drives the search out of answers that only hold each
other up. Of 0.33, 0.4, 0.5 and 0.6, it does best for all algebras together."""

LEAST_WEIGHT = 0.99
"""After a restart, items of less weight than this, in units of the root mean square, take no part in an estimate."""

EXACT = 1 - 1e-4
"""The score of what is the product and nothing else, which rounding may keep from 1."""

TINY = 1e-30
"""Keeps a size that is zero from dividing by it."""

INTEGERS = {torch.int8, torch.int16, torch.int32, torch.int64}


@dataclass(frozen=True)
class Factors:
    """What a product was made of.

    Attributes:
        indices: int64 [*batch, factors], positions in the codebooks.
        scores: [*batch], the similarity of the product of these items with what was factorised: 1 if that was nothing else,
            negative if it was the opposite. In SBC the part that any two vectors have in common is left out.
        converged: bool [*batch], whether the score is one that wrong items do not have.
        steps: int64 [*batch], how many steps were taken, those of all attempts together.
        symbols: the names of each codebook that is an ItemMemory, which ``names`` looks up.

    Example:
        >>> shapes, colours = ItemMemory(["heart", "square"], dim=256), ItemMemory(["red", "blue", "green"], dim=256)
        >>> found = resonator(shapes["heart"] * colours["green"], [shapes, colours])
        >>> found.names, found.converged
        (['heart', 'green'], tensor(True))
    """

    indices: Int64[Tensor, "*batch factors"]
    scores: Float[Tensor, "*batch"]
    converged: Bool[Tensor, "*batch"]
    steps: Int64[Tensor, "*batch"]
    symbols: tuple[tuple[str, ...] | None, ...]

    @property
    def names(self) -> Any:
        """The names, as lists nested like ``indices``.

        Raises:
            SymbolError: a codebook was a tensor, whose items have no names.
        """
        if None in self.symbols:
            raise SymbolError(
                f"codebook {self.symbols.index(None)} has no names: give an ItemMemory to have them, or read indices instead"
            )

        def look_up(index: Any, batch_dims: int) -> Any:
            if batch_dims:
                return [look_up(i, batch_dims - 1) for i in index]
            return [names[i] for names, i in zip(self.symbols, index, strict=True) if names]

        return look_up(self.indices.tolist(), self.indices.ndim - 1)


def resonator(
    composite: Shaped[Tensor, "*batch dim"],
    codebooks: Sequence[Shaped[Tensor, "_ dim"] | ItemMemory],
    *,
    algebra: str | Algebra | None = None,
    steps: int = 100,
    restarts: int = 10,
    threshold: float | None = None,
    generator: torch.Generator | None = None,
) -> Factors:
    """Find the items, one of each codebook, whose product a vector is, without trying all their combinations.

    The estimate of each factor starts from the bundle of its codebook, and one after another is improved: unbind the others from
    the composite, weigh the items by their similarity to what is left, and normalise their sum. Batches are searched together,
    and what was found leaves the search. What was not found within ``steps`` starts again from random weights, and from then on
    only the likelier items take part in each estimate.

    The product does not change when two factors change their signs, so an item counts by the size of its similarity. In a
    bundle of products any one of them may be found.

    Args:
        composite: [*batch, dim], products, also noisy ones or bundles of a few.
        codebooks: for each factor an ItemMemory, or vectors [n, dim]; two or more, of any sizes.
        algebra: a name or an algebra; if there is none, that of the memories, or MAP.
        steps: how many steps an attempt has, in each of which every estimate is improved once.
        restarts: how many attempts may follow the first.
        threshold: the score from which on a product counts as found, in (0, 1]. If there is none, that which any of all
            combinations of wrong items reaches once in a million times; for 3 codebooks of 40 at dim 1024 it is 0.21.
        generator: where the random weights come from; torch's own generator if there is none.

    Returns:
        Factors: the indices, scores, a flag, and the number of steps. Gradients do not flow.

    Raises:
        DtypeError: one is no tensor of the algebra, or they differ in device or dtype, though integers may in width.
        ShapeError: a codebook is empty or not [n, dim], or its dim is not that of the composite.
        RangeError: there are fewer than two codebooks, steps, restarts or the threshold is out of range, or there is a NaN.
        AlgebraError: the algebra is unknown, not commutative (VTB), or a memory has another.

    Source: Frady et al., 2020, there all factors at once; here one after another, which finds more.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> colours, shapes, places = (torch.randint(2, (20, 1024), generator=generator) * 2.0 - 1 for _ in range(3))
        >>> found = resonator(colours[3] * shapes[14] * places[15], [colours, shapes, places])
        >>> found.indices, found.converged
        (tensor([ 3, 14, 15]), tensor(True))
    """
    algebra, composite, vectors = _checked(composite, codebooks, algebra)
    steps, restarts = integer("resonator", "steps", steps), integer("resonator", "restarts", restarts)
    if steps < 1 or restarts < 0:
        raise RangeError(f"resonator: steps must be at least 1 and restarts at least 0, got {steps} and {restarts}")
    if threshold is None:
        threshold = _unlikely(algebra.relaxation, composite.shape[-1], [len(x) for x in vectors])
    elif not 0 < (threshold := number("resonator", "the threshold", threshold)) <= 1:
        raise RangeError(f"resonator: the threshold is a score above 0 and at most 1, got {threshold}")
    if generator is not None and not isinstance(generator, torch.Generator):
        raise DtypeError(f"resonator: the generator must be a torch.Generator, got {type(generator).__name__}")
    with torch.inference_mode():
        search = _searched(algebra.relaxation, composite, vectors, steps, restarts, threshold, generator)
    batch = composite.shape[:-1]
    scores = search.scores.clamp(-1, 1).view(batch)  # what is made here, outside of inference mode, can be used anywhere
    return Factors(
        search.indices.clone().view(*batch, len(codebooks)),
        scores,
        scores.abs() >= search.least,
        search.steps.clone().view(batch),
        tuple(tuple(book) if isinstance(book, ItemMemory) else None for book in codebooks),
    )


def _searched(
    relaxation: Algebra,
    composite: Tensor,
    vectors: list[Tensor],
    steps: int,
    restarts: int,
    threshold: float,
    generator: torch.Generator | None,
) -> _Search:
    target, energy = _where_binding_multiplies(relaxation, composite.reshape(-1, composite.shape[-1]))
    size = _rms(target, energy)
    books = [_Codebook(_where_binding_multiplies(relaxation, x)[0], energy) for x in vectors]
    if not math.isfinite(torch.cat([size, *(book.sizes for book in books)]).sum().item()):
        raise RangeError("resonator: the composite or a codebook has a NaN or an infinite element; find out where it comes from")
    target = (target if energy is None else target * energy) / (size * target.shape[-1])
    search = _Search(target, energy, books, threshold)
    search.attempt(steps, [book.inverse_of_bundle() for book in books], sparse=False)
    while len(search.rows) and search.taken < steps * (restarts + 1):
        search.attempt(steps, [book.inverse_at_random(len(search.rows), generator) for book in books], sparse=True)
    search.polish(target)
    return search


class _Codebook:
    """The items of one factor in a space where binding multiplies, all of one size.

    Attributes:
        items: [n, dim], with a root mean square of 1.
        sizes: [n, 1], the root mean squares that they had.
        keys: [real_dim, n], by which a query is multiplied to have its similarities.
        inverses: [n, real_dim], of which the inverse of an estimate is the sum.
    """

    def __init__(self, items: Tensor, energy: Tensor | None) -> None:
        self.sizes = _rms(items, energy)
        self.items = items / self.sizes
        self.keys = _real(self.items).T
        self.inverses = _real(self.items.conj().resolve_conj())

    def inverse_of_bundle(self) -> Tensor:
        """The inverse of the normalised bundle of all items, [1, dim]."""
        return self._normalized(self.inverses.sum(0, keepdim=True))

    def inverse_at_random(self, rows: int, generator: torch.Generator | None) -> Tensor:
        """The inverse of a random estimate for each row, [rows, dim]."""
        device = self.keys.device if generator is None else generator.device
        weights = torch.randn(rows, len(self.items), generator=generator, device=device)
        return self.inverse_of_estimate(weights.to(self.keys), sparse=True)

    def inverse_of_estimate(self, weights: Tensor, sparse: bool) -> Tensor:
        """The inverse of the normalised sum of the items, or of those that have most weight, [rows, dim]."""
        if sparse:
            weights = F.hardshrink(weights / _rms(weights), LEAST_WEIGHT)
        return self._normalized(weights @ self.inverses)

    def _normalized(self, total: Tensor) -> Tensor:
        return (torch.view_as_complex(total.unflatten(-1, (-1, 2))) if self.items.is_complex() else total).sgn()


class _Search:
    """What was found, and the rows of the batch for which nothing was.

    Attributes:
        rows: int64 [left], the rows for which nothing was found.
        target: [left, dim], what they hold: each element times what it counts, and so scaled that its product with an item is the
            cosine of the two.
        indices, scores, steps: [batch, factors], [batch] and [batch], the best answer to each row, once there is any.
        taken: how many steps there were until the attempt that is going on.
    """

    indices: Tensor
    scores: Tensor
    steps: Tensor

    def __init__(self, target: Tensor, energy: Tensor | None, books: list[_Codebook], threshold: float) -> None:
        self.books, self.energy, self.least = books, energy, min(threshold, EXACT)
        self.target, self.rows = target, torch.arange(len(target), device=target.device)
        self.taken, self.answered = 0, False

    def attempt(self, steps: int, inverses: list[Tensor], sparse: bool) -> None:
        """So many steps from these inverses of estimates, or until all is found."""
        weights = [self.books[0].keys.new_zeros(1, 1)] * len(inverses)
        for step in range(1, steps + 1):
            for f, book in enumerate(self.books):
                query = _without(f, self.target, inverses)
                weights[f] = torch.addmm(weights[f], _real(query), book.keys, beta=-FATIGUE)
                inverses[f] = book.inverse_of_estimate(weights[f], sparse)
            if step % LOOK_EVERY == 0 or step == steps:
                left = self._look(weights, self.taken + step, step == steps)
                if left is not None:
                    if not len(left):
                        break
                    inverses, weights = [x[left] for x in inverses], [x[left] for x in weights]
        self.taken += steps

    def _look(self, weights: list[Tensor], taken: int, last: bool) -> Tensor | None:
        """Take out the rows whose items of most weight are an answer. Which are left, or None if all are."""
        if not last and weights[-1].numel() and weights[-1].abs().max().item() < self.least / 2:
            return None  # once all others are right, what the last one weighs is the score, but for its fatigue
        chosen = torch.stack([w.abs().argmax(-1) for w in weights], -1)
        scores = self._scores(chosen, self.target)
        found = scores.abs() >= self.least
        if not last and not bool(found.any()):
            return None
        if not self.answered:
            self.indices, self.scores, self.steps = chosen, scores, torch.full_like(self.rows, taken)
            self.answered = True
        else:
            self._keep(self.rows, chosen, scores)
            self.steps[self.rows] = taken
        left = (~found).nonzero()[:, 0]
        self.rows, self.target = self.rows[left], self.target[left]
        return left

    def polish(self, target: Tensor) -> None:
        """Choose each item of an answer once more, beside those chosen for the other factors.

        The search stops at the first answer above the threshold, which may have an item that is only like the right one.
        """
        sizes = self.scores.abs()
        unsure = ((sizes >= self.least) & (sizes < EXACT)).nonzero()[:, 0]
        if not len(unsure):
            return
        target, chosen = target[unsure], self.indices[unsure]
        inverses = [book.items[i].conj() for book, i in zip(self.books, chosen.T, strict=True)]
        for f, book in enumerate(self.books):
            similar = _real(_without(f, target, inverses)) @ book.keys
            chosen[:, f] = similar.abs().argmax(-1)
            inverses[f] = book.items[chosen[:, f]].conj()
        self._keep(unsure, chosen, self._scores(chosen, target))

    def _keep(self, rows: Tensor, chosen: Tensor, scores: Tensor) -> None:
        """These answers, where they are the best so far."""
        better = scores.abs() > self.scores[rows].abs()
        self.indices[rows[better]] = chosen[better]
        self.scores[rows[better]] = scores[better]

    def _scores(self, chosen: Tensor, target: Tensor) -> Tensor:
        """The cosine of the product of the chosen items, [rows, factors], with the target."""
        product = self.books[0].items[chosen[:, 0]]
        for f, book in enumerate(self.books[1:], 1):
            product = product * book.items[chosen[:, f]]
        return torch.linalg.vecdot(_real(product) / _rms(product, self.energy), _real(target))


def _where_binding_multiplies(relaxation: Algebra, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """The vectors in a space where binding is multiplication element by element, and how much each element counts there.

    MAP and FHRR are such spaces. HRR binds by circular convolution, SBC by one in each block, and Fourier makes products of both.
    The frequency 0 of a block of SBC is left out: it is the same in all vectors.
    """
    if relaxation.name in ("MAP", "FHRR"):
        return x, None
    length: int = getattr(relaxation, "block_size", x.shape[-1])
    spectra = rfft(x.unflatten(-1, (-1, length)))
    energy = torch.full(spectra.shape[-1:], 2.0, dtype=x.dtype, device=x.device)  # each stands for its conjugate, too
    energy[0] = 1
    if length % 2 == 0:
        energy[-1] = 1
    if relaxation.name == "SBC":
        spectra, energy = spectra[..., 1:], energy[1:]
    return spectra.flatten(-2), energy.repeat(spectra.shape[-2])


def _real(x: Tensor) -> Tensor:
    """[..., dim] to [..., real_dim]: the same, or the real and imaginary parts side by side."""
    return torch.view_as_real(x).flatten(-2) if x.is_complex() else x


def _rms(x: Tensor, energy: Tensor | None = None) -> Tensor:
    """The root mean square of each vector, [..., 1], and a tiny number of a zero."""
    length = torch.linalg.vector_norm(_real(x if energy is None else x * energy.sqrt()), dim=-1, keepdim=True)
    return (length / math.sqrt(x.shape[-1])).clamp_min_(TINY)


def _without(f: int, target: Tensor, inverses: list[Tensor]) -> Tensor:
    """What is left of the target when all factors but one are unbound."""
    for g, inverse in enumerate(inverses):
        if g != f:
            target = target * inverse
    return target


def _unlikely(relaxation: Algebra, dim: int, sizes: list[int]) -> float:
    """The score that one of all the combinations of wrong items reaches once in a million times."""
    common = relaxation.laws.expected_similarity
    return min(1.0, (chance(relaxation, dim, math.prod(sizes), 1e-6) - common) / (1 - common))


def _checked(
    composite: Tensor, codebooks: Sequence[Tensor | ItemMemory], algebra: str | Algebra | None
) -> tuple[Algebra, Tensor, list[Tensor]]:
    """The algebra, and the composite and the codebooks as vectors of its relaxation."""
    if not isinstance(codebooks, (list, tuple)):
        raise DtypeError(f"resonator: codebooks are a list, one for each factor; got {type(codebooks).__name__}")
    if len(codebooks) < 2:
        raise RangeError(f"resonator: a product has at least two factors, each with its codebook; got {len(codebooks)}")
    memories = [book for book in codebooks if isinstance(book, ItemMemory)]
    vectors = [book.vectors if isinstance(book, ItemMemory) else book for book in codebooks]
    for f, x in enumerate((composite, *vectors)):
        what = f"codebook {f - 1}" if f else "the composite"
        if not isinstance(x, Tensor):
            raise DtypeError(f"resonator: {what} must be a tensor{' or an ItemMemory' if f else ''}, got {type(x).__name__}")
        if f and (x.ndim != 2 or len(x) == 0):
            raise ShapeError(f"resonator: {what} must be vectors [n, dim], at least one; got shape {list(x.shape)}")
        if x.device != composite.device or (x.dtype != composite.dtype and not {x.dtype, composite.dtype} <= INTEGERS):
            raise DtypeError(
                f"resonator: the composite is {composite.dtype} on {composite.device}, {what} {x.dtype} on {x.device}; "
                "convert one with .to(...)"
            )
    model = resolve(memories[0].algebra if algebra is None and memories else algebra, composite, vectors[0])
    for x in vectors[1:]:
        resolve(model, composite, x)
    for memory in memories:
        if memory.algebra.name != model.name or getattr(memory.algebra, "block_size", 0) != getattr(model, "block_size", 0):
            raise AlgebraError(f"resonator: the algebra is {model.name}, but a memory has vectors of {memory.algebra.name}")
    if not model.laws.commutative:
        raise AlgebraError(
            f"resonator: {model.name} does not commute, so the factors cannot be unbound one without the others; "
            "use MAP, HRR, FHRR, BSC or SBC"
        )
    if model.relaxation.name not in ("MAP", "HRR", "FHRR", "SBC"):
        raise AlgebraError(f"resonator: nothing is known about products in {model.name}; use MAP, HRR, FHRR, BSC or SBC")
    sums = [_floating(model.to_sum(x)) for x in (composite, *vectors)]
    for f, x in enumerate(vectors):
        if x.shape[-1] != composite.shape[-1]:
            raise ShapeError(
                f"resonator: codebook {f} has shape {list(x.shape)}, the composite {list(composite.shape)}; "
                "the last dimension must be the same"
            )
    return model, sums[0], sums[1:]


def _floating(x: Tensor) -> Tensor:
    """A plain tensor that all of torch's operations take."""
    x = x.as_subclass(Tensor).resolve_conj()
    return x.to(torch.promote_types(x.dtype, torch.float32))
