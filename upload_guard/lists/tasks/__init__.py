"""What people ask for of lists that takes longer than a page may."""
