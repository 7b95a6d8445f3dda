"""What every stage shares: messages, sockets, the pixel ring, supervision, the model contract."""
