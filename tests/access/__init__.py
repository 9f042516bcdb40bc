"""Portal access: from not invited to active and back, through the front door, with real letters."""
