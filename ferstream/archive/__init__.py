"""Many recordings: found in folders and stores, analysed on many cores or hosts, each once."""
