from __future__ import annotations

import numpy as np
import pytest

from tests.training.synthetic_faces import make_faces
from training.run.degrade import blur, change_gamma, compress_jpeg, degrade_randomly, shrink

FACE = make_faces(1, seed=1).images[0]


def test_gamma_keeps_black_and_white_and_moves_what_is_between() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    brighter, same, darker = (change_gamma(ramp, exponent) for exponent in (0.5, 1.0, 2.0))
    np.testing.assert_array_equal(same, ramp)
    assert (brighter.min(), brighter.max(), darker.min(), darker.max()) == (0, 255, 0, 255)
    assert brighter[8, 0] == round(255 * (128 / 255) ** 0.5)
    assert darker[8, 0] == round(255 * (128 / 255) ** 2)


def test_more_blur_and_less_detail_take_more_away() -> None:
    def detail(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
        return float(np.abs(np.diff(image.astype(np.float64), axis=1)).mean())

    blurred = [detail(blur(FACE, sigma_px)) for sigma_px in (0.4, 1.0, 2.0)]
    shrunk = [detail(shrink(FACE, side_px)) for side_px in (40, 24, 12)]
    assert detail(FACE) > blurred[0] > blurred[1] > blurred[2]
    assert detail(FACE) > shrunk[0] > shrunk[1] > shrunk[2]


@pytest.mark.parametrize("quality", [10, 90])
def test_jpeg_is_nearer_to_the_image_at_higher_quality(quality: int) -> None:
    error = np.abs(compress_jpeg(FACE, quality).astype(float) - FACE).mean()
    assert (error < 5.0) == (quality == 90)
    assert error > 0.0


def test_every_degradation_keeps_shape_and_type() -> None:
    random = np.random.default_rng(1)
    results = [degrade_randomly(FACE, random) for _ in range(12)]
    assert {(result.shape, result.dtype.name) for result in results} == {((48, 48), "uint8")}
    assert len({result.tobytes() for result in results}) > 6
