"""Read feed-forward neurons: the intermediate layer's outputs, after its activation function."""

import torch


def feed_forward(model):
    """The modules whose outputs are the neurons, first layer first."""
    return [layer.intermediate for layer in model.roberta.encoder.layer]


def shape(model):
    """L and D: how many layers of how many neurons."""
    return model.config.num_hidden_layers, model.config.intermediate_size


@torch.inference_mode()
def read(model, tokenizer, prompts):
    """Every neuron at position 0 when the model sees `<mask>`, a prompt and `<s>`.

    Parameters
    ----------
    model : RobertaForMaskedLMPrompt
    tokenizer : transformers tokenizer
    prompts : Tensor [B, P, H]

    Returns
    -------
    Tensor [B, L * D]
        float32, on the CPU; index = layer * D + unit.
    """
    values = []
    hooks = [module.register_forward_hook(lambda module, inputs, output: values.append(output[:, 0]))
             for module in feed_forward(model)]
    try:
        input_ids = torch.tensor([[tokenizer.mask_token_id, tokenizer.bos_token_id]], device=model.device)
        model.eval()(input_ids.expand(len(prompts), -1), prompt=prompts.to(model.device))
    finally:
        for hook in hooks:
            hook.remove()
    return torch.cat(values, dim=1).float().cpu()
