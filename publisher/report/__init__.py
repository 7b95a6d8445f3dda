"""``python -m publisher.report``: recorded results as one page of HTML."""
