"""Explicitness: how much of a factor a linear classifier finds in all codes together."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from tasks.evaluation.disentanglement.representation import Representation


def explicitness(representation: Representation) -> float:
    """How well a linear classifier ranks each class of each factor above the others: the mean area under the ROC curve.

    Returns:
        The mean over factors, and over the classes of each: 1 where all is told, 0.5 by chance, and where all codes are constant.

    Raises:
        ShapeError: there are no samples to test on.

    Source:
        Ridgeway and Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", 2018, section 3. The classifier
        is one multinomial logistic regression for a factor, on standardised codes, as in disentanglement_lib.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(2), torch.arange(3))
        >>> explicitness(Representation(classes.float(), classes, classes.float(), classes))
        1.0
    """
    areas = []
    tested_classes = representation.tested[1]
    for known, tested, of_class in zip(representation.classes.T, tested_classes.T, representation.probabilities, strict=True):
        present = np.isin(values := np.unique(known), tested)
        areas.append(np.mean([roc_auc_score(tested == values[i], of_class[:, i]) for i in np.flatnonzero(present)]))
    return float(np.mean(areas))
