"""What commands are made of: comparing, describing and keeping, below the list of commands and above the hub."""
