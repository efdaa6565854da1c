"""Files that nobody wrote: every reader of gradus, given what was made of its files by chance."""
