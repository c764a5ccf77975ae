"""Networks: tensors in, tensors out. Nothing here depends on files, words or seconds."""
