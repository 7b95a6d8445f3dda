"""The pictures that a run leaves in its folder: their file names, and what each shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaptionedPlot:
    """A picture, and the words that go with it.

    Attributes:
        name: Name of its file.
        title: Title of its section in the report.
        alt: What it shows, for who cannot see it.
        caption: How to read it.
    """

    name: str
    title: str
    alt: str
    caption: str


SAMPLES = CaptionedPlot(
    "samples.png",
    "Samples",
    "A row of training faces for each label, with the number of faces of that label.",
    "Training faces of each label, drawn at random: the same for the same seed.",
)
AUGMENTED_SAMPLES = CaptionedPlot(
    "augmented_samples.png",
    "Augmented samples",
    "One training face a label on the left, and beside it the same face changed at random.",
    "What the network is shown: every epoch changes each face anew, with the settings of this run. "
    "The expression should still be seen in nearly all.",
)
LEARNING_CURVES = CaptionedPlot(
    "learning_curves.png",
    "Learning curves",
    "Curves of accuracy, loss and learning rate by epoch; the numbers are in the table of epochs.",
    "Training is measured on augmented faces with the weights as they are, and its loss against "
    "smoothed labels and the teacher; validation on faces as they are, against their labels, with "
    "averaged weights. Training can therefore lie below validation.",
)
CONFUSION_MATRIX = CaptionedPlot(
    "confusion_matrix.png",
    "Confusion matrix",
    "A table of true by predicted label, darker where a larger share of the true label went.",
    "Each row is a true label and adds up to 100%; the diagonal is recall.",
)
RELIABILITY = CaptionedPlot(
    "reliability.png",
    "Reliability diagram",
    "Accuracy by confidence in 15 bins beside the diagonal, and a histogram of confidence.",
    "Of the faces with a confidence of 80%, 80% should be right: points below the diagonal are "
    "over-confident. Bars are 95% Wilson intervals. The expected calibration error is the mean "
    "distance to the diagonal, weighted by faces (Guo et al., 2017, arXiv:1706.04599).",
)
RECALL = CaptionedPlot(
    "recall.png",
    "Recall and precision",
    "Recall and precision of each label with intervals; the numbers are in the table of labels.",
    "Recall: of the faces with this label, the share that is found. Precision: of the faces "
    "predicted to have it, the share that has. Bars are 95% Wilson intervals.",
)
MISCLASSIFIED = CaptionedPlot(
    "misclassified.png",
    "Misclassified faces",
    "Misclassified faces, most confident first, each with true label, prediction and confidence.",
    "The most confident mistakes. Where FER+ voters side with the model (Barsoum et al., 2016, "
    "arXiv:1608.01041), the label is likely the mistake.",
)

PICTURES_OF_DATA = (SAMPLES, AUGMENTED_SAMPLES)
"""Drawn when a run starts."""
PICTURES_OF_MODEL = (CONFUSION_MATRIX, RELIABILITY, RECALL, MISCLASSIFIED)
"""Drawn when a model is exported or evaluated."""
