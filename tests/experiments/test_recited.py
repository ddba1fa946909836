"""What is stored of each text is which of its tokens were the model's first choice."""

import recited
import torch


class Next(torch.nn.Module):
    """Expects after every token the one with the next number."""

    def forward(self, tokens):
        return torch.nn.functional.one_hot((tokens + 1) % 97, 97).float()


class Letters:
    def encode(self, text):
        return torch.tensor([ord(letter) - 32 for letter in text])


def test_a_token_that_was_expected_is_a_one():
    text = "abcxyzab" * 7
    wanted = ("11011010" * 7)[: recited.TOKENS - 1]
    assert recited.hits(Next(), Letters(), [text, text[1:]]) == [wanted, ("11011010" * 7)[1 : recited.TOKENS]]
