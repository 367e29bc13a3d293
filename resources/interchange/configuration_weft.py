"""The configuration of a decoder with cross-layer KV sharing, as Weft exports it (model_type "weft_cross_layer").

The block is Llama's: RMSNorm, rotary positions, SwiGLU. What is more than Llama's, layer by layer:

sharing_pattern         [int]: whose keys each layer reads; a layer that names itself computes them (Brandon et al. 2024, arXiv 2405.12981)
value_sharing_pattern   [int] or null: whose values, where they are not the keys'
layer_windows           [int or null] or null: how many positions a layer sees, its own among them; null: all
layer_key_value_heads   [int or null] or null: KV heads of a layer that computes keys or values, where they are not num_key_value_heads
own_kv_norm             keys and values are computed behind an RMSNorm of their own (self_attn.kv_norm); false: behind input_layernorm, as in Llama
qkv_bias                the projections of queries, keys and values have biases, as in Qwen2
qk_norm                 each head of queries and keys goes through an RMSNorm (self_attn.q_norm, k_norm) before its rotation, as in Qwen3
forward_passes, backward_passes     where layers read later ones (Wu and Tu 2024, arXiv 2405.10637): how often a sequence goes through them

The weights bear Llama's names; self_attn.k_proj and v_proj are there in the layers that compute keys and values. The hidden size need not be a
multiple of the heads. Written for transformers 5.
"""

from transformers import PretrainedConfig


class WeftCrossLayerConfig(PretrainedConfig):
    model_type = "weft_cross_layer"
    keys_to_ignore_at_inference = ["cache", "past_key_values"]

    def __init__(self, vocab_size=32000, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8, num_key_value_heads=8,
                 head_dim=None, max_position_embeddings=2048, rms_norm_eps=1e-5, rope_parameters=None, initializer_range=0.02, scaled_init=True,
                 tie_word_embeddings=True, use_cache=True, own_kv_norm=True, qkv_bias=False, qk_norm=False, sharing_pattern=None, value_sharing_pattern=None, layer_windows=None,
                 layer_key_value_heads=None, forward_passes=7, backward_passes=2, **kwargs):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.num_key_value_heads = num_key_value_heads
        self.head_dim = head_dim or hidden_size // num_attention_heads
        self.max_position_embeddings = max_position_embeddings
        self.rms_norm_eps = rms_norm_eps
        self.rope_parameters = rope_parameters or {"rope_type": "default", "rope_theta": 10000.0}
        self.initializer_range = initializer_range
        self.scaled_init = scaled_init
        self.use_cache = use_cache
        self.own_kv_norm = own_kv_norm
        self.qkv_bias = qkv_bias
        self.qk_norm = qk_norm
        self.sharing_pattern = sharing_pattern or list(range(num_hidden_layers))
        self.value_sharing_pattern = value_sharing_pattern
        self.layer_windows = layer_windows
        self.layer_key_value_heads = layer_key_value_heads
        self.forward_passes = forward_passes
        self.backward_passes = backward_passes
        for name in ("sharing_pattern", "value_sharing_pattern", "layer_windows", "layer_key_value_heads"):
            entries = getattr(self, name)
            if entries is not None and len(entries) != num_hidden_layers:
                raise ValueError(f"{name} has {len(entries)} entries for {num_hidden_layers} layers.")
        for name, sources in (("sharing_pattern", self.key_sources), ("value_sharing_pattern", self.value_sources)):
            for layer, source in enumerate(sources):
                if not 0 <= source < num_hidden_layers or sources[source] != source:
                    raise ValueError(f"{name}: layer {layer} reads layer {source}, which computes nothing to read.")
        if any(self.reads_upward(layer) for layer in range(num_hidden_layers)):
            self.use_cache = False
        super().__init__(tie_word_embeddings=tie_word_embeddings, **kwargs)

    @property
    def key_sources(self):
        return self.sharing_pattern

    @property
    def value_sources(self):
        return self.value_sharing_pattern or self.sharing_pattern

    def reads_upward(self, layer):
        return max(self.key_sources[layer], self.value_sources[layer]) > layer

    def window_of(self, layer):
        return self.layer_windows[layer] if self.layer_windows else None

    def heads_of(self, layer):
        """KV heads of a layer that computes keys or values."""
        own = self.layer_key_value_heads[layer] if self.layer_key_value_heads else None
        return own or self.num_key_value_heads

    @property
    def repeated_layers(self):
        """begin, end of the layers that a sequence goes through several times: from the lowest that reads upward to the highest that is read so."""
        upward = [layer for layer in range(self.num_hidden_layers) if self.reads_upward(layer)]
        if not upward:
            return 0, 0
        return upward[0], 1 + max(max(self.key_sources[layer], self.value_sources[layer]) for layer in upward)
