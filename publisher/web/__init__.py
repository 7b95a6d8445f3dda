"""HTTP and nothing else: the page, the streams, the API, and the server they run in."""
