"""What tests measure on."""

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Part


def identifiable(part: Part = "train") -> Population:
    """Of dSprites the combinations of a part whose orientation every shape shows."""
    found = Population(DSPRITES, part).identifiable()
    assert found is not None
    return found
