"""Numbers to hypervectors: similar numbers become similar vectors.

A single number is looked up: ``Level`` on a line, ``Circular`` on a circle, ``Thermometer`` where distances must be exact; and
``decode`` finds the way back. A vector of features is mapped: ``RandomProjection`` keeps its angles, ``Sinusoid`` bends them,
``Density`` binds a thermometer of each feature with a key, and with ``FractionalPower`` binding adds the numbers.

All are modules without parameters: what is random is a buffer, and depends on the seed and the sizes alone.
"""

from vsa.embeddings.density import Density
from vsa.embeddings.fractional import FractionalPower
from vsa.embeddings.projections import RandomProjection, Sinusoid
from vsa.embeddings.tables import Circular, Level, Thermometer

__all__ = ["Circular", "Density", "FractionalPower", "Level", "RandomProjection", "Sinusoid", "Thermometer"]
