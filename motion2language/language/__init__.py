"""Words: vocabulary, the words that name actions, corrections of sentences, agreement between drawn sentences."""
