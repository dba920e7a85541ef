"""What customers say and do, as it arrives: files of every make turned into one plainly described text table."""
