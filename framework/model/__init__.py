"""What a language model does: loading, encoders, decoders, neurons, speed, noise."""
