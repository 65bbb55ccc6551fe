"""Pictures that strangers send: told by content, decoded in a process that can do nothing else, made anew."""
