"""Choose the device and the precision. Needs torch alone, since step 4 loads no model."""

from __future__ import annotations

import torch

from framework.errors import UserError


def resolve_device(name: str) -> torch.device:
    """A torch device for "auto" (the first NVIDIA GPU if there is one) or a device's name.

    Raises
    ------
    UserError
        If this machine does not have it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        if torch.device(name).type == "meta":
            raise RuntimeError
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError):
        raise UserError(f"--device {name}: not available here; use --device auto or --device cpu") from None


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """The model's dtype for "auto", "fp32" or "bf16".

    "auto" is bfloat16 where the hardware multiplies it natively and float32 elsewhere. The choice depends on the
    hardware, not on a measurement, so a command gives the same results each time.
    """
    if name == "auto":
        if device.type == "cuda":
            native = torch.cuda.get_device_capability(device)[0] >= 8
        else:
            native = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        return torch.bfloat16 if native else torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def resolve(device: str, precision: str) -> tuple[torch.device, torch.dtype]:
    """Both flags, resolved by `resolve_device` and `resolve_precision`."""
    resolved = resolve_device(device)
    return resolved, resolve_precision(precision, resolved)
