"""A folder with one JPEG a frame: ``<camera>-<frame_id>.jpg``."""

from __future__ import annotations

from pathlib import Path

from common.files import replacing
from publisher.drawing.annotate import encode_jpeg
from publisher.earlier_files import changed_since, move_aside
from publisher.recording.sink import KeptPicture, file_name_of, not_written


class ImageFiles:
    """Writes each picture to a file of its own.

    Args:
        folder: Made with the first picture where it does not exist.
        quality: Of the JPEGs, 0 to 100.
        continues_since: As ``ResultsWriter`` has it: an image that was written since is that of the
            same frame, which came a second time.
    """

    def __init__(self, folder: Path, quality: int, continues_since: float | None) -> None:
        self._folder = folder
        self._quality = quality
        self._continues_since = continues_since

    def write(self, picture: KeptPicture) -> None:
        """Write one image; one of an earlier run is moved aside."""
        path = self._folder / f"{file_name_of(picture.camera)}-{picture.frame_id:06d}.jpg"
        try:
            self._folder.mkdir(exist_ok=True)
            if path.exists() and not self._is_of_this_run(path):
                move_aside(path)
            with replacing(path) as new:
                new.write_bytes(encode_jpeg(picture.bgr, self._quality))
        except (OSError, ValueError) as error:
            raise not_written(path, error) from error

    def close(self) -> None:
        """Every image is finished."""

    def _is_of_this_run(self, path: Path) -> bool:
        return self._continues_since is not None and changed_since(path, self._continues_since)
