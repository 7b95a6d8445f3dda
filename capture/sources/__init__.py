"""Where frames come from: cameras, network streams, video files, images."""
