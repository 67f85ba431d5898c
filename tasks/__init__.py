"""What is learnt: data, composition, training and measurement, and one file for each task that puts them together."""
