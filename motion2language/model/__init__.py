"""Networks: tensors in, tensors out. Nothing here knows of files, words or seconds."""
