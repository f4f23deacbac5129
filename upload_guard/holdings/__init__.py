"""What a site holds already: where its files lie, how one is taken away reversibly and put back."""
