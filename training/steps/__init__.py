"""Steps of training, on the backend of Keras in use."""
