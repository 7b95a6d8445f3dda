"""A folder with one JPEG a frame: ``<camera>-<frame_id>.jpg``."""

from __future__ import annotations

from pathlib import Path

from common.files import replacing
from publisher.drawing.annotate import encode_jpeg
from publisher.output_files import is_of_this_run, move_aside
from publisher.recording.sink import KeptPicture, file_name_of, not_written


class ImageFiles:
    """Writes each picture to a file of its own.

    Args:
        folder: The folder, made with the first picture where it does not exist.
        quality: Quality of the JPEGs, 0 to 100.
        run_began: As ``is_of_this_run`` has it: an image of this run is that of the same frame,
            which came a second time.
    """

    def __init__(self, folder: Path, quality: int, run_began: float | None) -> None:
        self._folder = folder
        self._quality = quality
        self._run_began = run_began

    def write_picture(self, picture: KeptPicture) -> None:
        """Write one image; one of an earlier run is moved aside."""
        frame = picture.frame
        path = self._folder / f"{file_name_of(frame.camera)}-{frame.frame_id:06d}.jpg"
        try:
            self._folder.mkdir(exist_ok=True)
            if path.exists() and not is_of_this_run(path, self._run_began):
                move_aside(path)
            with replacing(path) as new:
                new.write_bytes(encode_jpeg(picture.bgr, self._quality))
        except (OSError, ValueError) as error:
            raise not_written(path, error) from error

    def close(self) -> None:
        """Do nothing: every image is finished."""
