"""Why did it not stick? Facts, checks that name a cause, and the words for it."""
