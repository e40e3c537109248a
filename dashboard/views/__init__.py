"""One file a page. A view finds what this person may see, calls one function of the domain, and renders."""
