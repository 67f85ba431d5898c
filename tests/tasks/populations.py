"""What tests measure on."""

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Part, Split


def identifiable(part: Part = "train") -> Population:
    """Of dSprites the combinations of a part whose orientation every shape shows."""
    found = Population(DSPRITES, part).identifiable()
    assert found is not None
    return found


HEARTS = Split(validation="tenth == 3", test="shape == heart and x < 20 or shape == ellipse and 5 < y <= 30")

SPRITES = Population(DSPRITES)

OF_DSPRITES = [
    SPRITES,
    Population(DSPRITES, "test"),
    Population(DSPRITES, "validation"),
    identifiable(),
    identifiable("test"),
    Population(DSPRITES, split=HEARTS),
    Population(DSPRITES, "validation", HEARTS, identifiable().allowed),
]
"""All of dSprites, its parts, its identifiable classes, and those of a split that is not scattered."""
