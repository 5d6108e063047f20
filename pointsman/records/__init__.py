"""Records on the command line: files read, power known, references to stored revisions understood."""
