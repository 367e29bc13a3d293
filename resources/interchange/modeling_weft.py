"""A decoder with cross-layer KV sharing for transformers 5: what Weft trained, from the folder that it exported.

    AutoModelForCausalLM.from_pretrained(FOLDER, trust_remote_code=True)

A layer that computes keys and values stores them in the cache under its own index, and the layers that share them read them there: the cache has as
many entries as there are such layers. Where layers read later ones there is no cache: a sequence goes through those layers several times (at most once
a token, which is the exact form), in each pass reading what the pass before has made. Each new token then goes through all of it again; beyond as many
tokens as there are passes Weft's own generation, which keeps what is final, may choose other tokens.
"""

import torch
from torch import nn
from torch.nn import functional as F
from transformers import DynamicCache, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from .configuration_weft import WeftCrossLayerConfig


class WeftRMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)).to(x.dtype)


def rotation(config, positions, dtype):
    """cos and sin [B, 1, T, D] of every position."""
    kind = config.rope_parameters.get("rope_type", "default")
    if kind == "default":
        exponents = torch.arange(0, config.head_dim, 2, dtype=torch.float, device=positions.device) / config.head_dim
        frequencies, scale = 1.0 / config.rope_parameters["rope_theta"] ** exponents, 1.0
    else:
        frequencies, scale = ROPE_INIT_FUNCTIONS[kind](config, positions.device, seq_len=int(positions.max()) + 1)
    angles = positions[:, None, :, None].float() * frequencies
    angles = torch.cat((angles, angles), -1)
    return (angles.cos() * scale).to(dtype), (angles.sin() * scale).to(dtype)


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin


class WeftAttention(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.config, self.layer = config, layer
        width, hidden, heads = config.head_dim, config.hidden_size, config.num_attention_heads
        self.key_source, self.value_source = config.key_sources[layer], config.value_sources[layer]
        self.makes_keys, self.makes_values = self.key_source == layer, self.value_source == layer
        self.q_proj = nn.Linear(hidden, heads * width, bias=config.qkv_bias)
        if self.makes_keys:
            self.k_proj = nn.Linear(hidden, config.heads_of(layer) * width, bias=config.qkv_bias)
        if self.makes_values:
            self.v_proj = nn.Linear(hidden, config.heads_of(layer) * width, bias=config.qkv_bias)
        if config.qk_norm:
            self.q_norm = WeftRMSNorm(width, config.rms_norm_eps)
            if self.makes_keys:
                self.k_norm = WeftRMSNorm(width, config.rms_norm_eps)
        if config.own_kv_norm and (self.makes_keys or self.makes_values):
            self.kv_norm = WeftRMSNorm(hidden, config.rms_norm_eps)
        self.o_proj = nn.Linear(heads * width, hidden, bias=False)

    def heads(self, x, norm=None):
        x = x.unflatten(-1, (-1, self.config.head_dim))
        return (x if norm is None else norm(x)).transpose(1, 2)

    def make(self, stream, normed, turn, cache):
        """Keys (turned) and values of this layer, with those of the cache in front; an empty tensor for what it does not compute."""
        source = self.kv_norm(stream) if self.config.own_kv_norm else normed
        keys = rotate(self.heads(self.k_proj(source), getattr(self, "k_norm", None)), *turn) if self.makes_keys else None
        values = self.heads(self.v_proj(source)) if self.makes_values else None
        keys = values[..., :0] if keys is None else keys
        values = keys[..., :0] if values is None else values
        return cache.update(keys, values, self.layer) if cache is not None else (keys, values)

    def forward(self, normed, made, turn, mask):
        """`made`: keys and values by layer. A query that sees nothing reads zeros."""
        queries = rotate(self.heads(self.q_proj(normed), getattr(self, "q_norm", None)), *turn)
        if self.key_source not in made or self.value_source not in made:
            return self.o_proj(torch.zeros_like(queries).transpose(1, 2).flatten(2))
        keys, values = made[self.key_source][0], made[self.value_source][1]
        keys = keys.repeat_interleave(queries.shape[1] // keys.shape[1], 1)
        values = values.repeat_interleave(queries.shape[1] // values.shape[1], 1)
        sees = mask.any(-1, keepdim=True)
        read = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask | ~sees)
        return self.o_proj(torch.where(sees, read, torch.zeros_like(read)).transpose(1, 2).flatten(2))


class WeftMLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class WeftDecoderLayer(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.self_attn = WeftAttention(config, layer)
        self.mlp = WeftMLP(config)
        self.input_layernorm = WeftRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = WeftRMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x, made, turn, mask, cache):
        normed = self.input_layernorm(x)
        if self.self_attn.makes_keys or self.self_attn.makes_values:
            made[self.self_attn.layer] = self.self_attn.make(x, normed, turn, cache)
        x = x + self.self_attn(normed, made, turn, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class WeftPreTrainedModel(PreTrainedModel):
    config_class = WeftCrossLayerConfig
    base_model_prefix = "model"
    _no_split_modules = ["WeftDecoderLayer"]
    _supports_sdpa = True
    _skip_keys_device_placement = ["cache", "past_key_values"]


class WeftCrossLayerModel(WeftPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([WeftDecoderLayer(config, layer) for layer in range(config.num_hidden_layers)])
        self.norm = WeftRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_init()

    def masks(self, before, tokens, attention_mask, device):
        """Which of all entries each query sees, [B or 1, 1, T, S], by window and by whether the layer reads upward."""
        queries = torch.arange(before, before + tokens, device=device)[:, None]
        entries = torch.arange(before + tokens, device=device)[None, :]
        made = {}
        for layer in range(self.config.num_hidden_layers):
            window, upward = self.config.window_of(layer), self.config.reads_upward(layer)
            if (window, upward) in made:
                continue
            sees = entries < queries if upward else entries <= queries
            if window is not None:
                sees = sees & (queries - entries < window)
            sees = sees[None, None]
            if attention_mask is not None:
                sees = sees & attention_mask[:, None, None, :].bool()
            made[window, upward] = sees
        return made

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, cache=None, inputs_embeds=None):
        x = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        config, tokens, before = self.config, x.shape[1], cache.get_seq_length() if cache is not None else 0
        if position_ids is None:
            position_ids = torch.arange(before, before + tokens, device=x.device)[None]
        turn = rotation(config, position_ids, x.dtype)
        masks = self.masks(before, tokens, attention_mask, x.device)
        made = {}

        def through(x, begin, end):
            for layer in range(begin, end):
                x = self.layers[layer](x, made, turn, masks[config.window_of(layer), config.reads_upward(layer)], cache)
            return x

        begin, end = config.repeated_layers
        x = through(x, 0, begin)
        if end > begin:
            passes = min(config.forward_passes + config.backward_passes, tokens)
            recorded = min(config.backward_passes, passes)
            for number in range(passes - 1):
                with torch.set_grad_enabled(torch.is_grad_enabled() and number >= passes - recorded):
                    through(x, begin, end)
            x = through(x, begin, end)
        return self.norm(through(x, end, config.num_hidden_layers))


class WeftCrossLayerForCausalLM(WeftPreTrainedModel, GenerationMixin):
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}

    def __init__(self, config):
        super().__init__(config)
        self.model = WeftCrossLayerModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()
        self.reads_upward = config.repeated_layers[1] > 0
        if self.reads_upward and self.generation_config is not None:
            self.generation_config.use_cache = False

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def set_input_embeddings(self, embeddings):
        self.model.embed_tokens = embeddings

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, head):
        self.lm_head = head

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, cache=None, past_key_values=None, inputs_embeds=None, labels=None,
                use_cache=None, logits_to_keep=0, **kwargs):
        cache = past_key_values if cache is None else cache
        if self.reads_upward and (use_cache or cache is not None):
            raise ValueError("A model whose layers read later ones keeps no cache; pass use_cache=False.")
        if not self.reads_upward and cache is None and (self.config.use_cache if use_cache is None else use_cache):
            cache = DynamicCache()
        x = self.model(input_ids, attention_mask, position_ids, cache, inputs_embeds)
        keep = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(x[:, keep])
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size, **kwargs)
        output = CausalLMOutputWithPast(loss=loss, logits=logits)
        if cache is not None:
            output["cache" if hasattr(output, "cache") else "past_key_values"] = cache
        return output
