/* Quantized parameters of tiny.onnx, sha256 0000000000000000000000000000000000000000000000000000000000000000.
 * Written by Quantscope @VERSION@. value = (code - zero_point) * scale; weights have zero_point 0.
 * calibration data sha256: 1111111111111111111111111111111111111111111111111111111111111111
 * calibration samples: 64
 * A layer: acc = bias + sum((input - input_zero_point) * weight), then
 * output = clamp(output_zero_point + acc * multiplier / 2^31 * 2^shift, activation_min, activation_max). */
#ifndef QUANTSCOPE_TINY_H
#define QUANTSCOPE_TINY_H

#include <stdint.h>

/* Conv Conv0: conv.weight [out, h, w, in] = 2x2x2x2, ReLU
 * from x to r */
static const int8_t tiny_conv_weight[16] = {
    -127, -64, -48, 16, 32, 95, 111, -79, 0, 73, 91, -127, -109, -36, -18, 54
};
static const float tiny_conv_weight_scale[2] = {
    0.007874016f, 0.0034448819f
};
static const int32_t tiny_conv_weight_bias[2] = {
    6350, -7257
};
static const int32_t tiny_conv_weight_multiplier[2] = {
    1082196480, 1893843840
};
static const int32_t tiny_conv_weight_shift[2] = {
    -6, -8
};
static const float tiny_conv_weight_input_scale = 0.01f;
static const int32_t tiny_conv_weight_input_zero_point = -28;
static const float tiny_conv_weight_output_scale = 0.01f;
static const int32_t tiny_conv_weight_output_zero_point = -128;
static const int32_t tiny_conv_weight_activation_min = -128;
static const int32_t tiny_conv_weight_activation_max = 127;

/* Gemm Gemm3: fc.weight [out, in] = 3x32
 * from f to y */
static const int8_t tiny_fc_weight[96] = {
    -127, 127, 113, 99, 85, 71, 56, 42, 28, 14, 0, -14, -28, -42, -56, -71,
    -85, -99, -113, -127, 127, 113, 99, 85, 71, 56, 42, 28, 14, 0, -14, -28,
    -42, -56, -71, -85, -99, -113, -127, 127, 113, 99, 85, 71, 56, 42, 28, 14,
    0, -14, -28, -42, -56, -71, -85, -99, -113, -127, 127, 113, 99, 85, 71, 56,
    42, 28, 14, 0, -14, -28, -42, -56, -71, -85, -99, -113, -127, 127, 113, 99,
    85, 71, 56, 42, 28, 14, 0, -14, -28, -42, -56, -71, -85, -99, -113, -127
};
static const float tiny_fc_weight_scale[1] = {
    0.004429134f
};
static const int32_t tiny_fc_weight_bias[3] = {
    2822, 0, -22578
};
static const int32_t tiny_fc_weight_multiplier[1] = {
    1217471104
};
static const int32_t tiny_fc_weight_shift[1] = {
    -8
};
static const float tiny_fc_weight_input_scale = 0.01f;
static const int32_t tiny_fc_weight_input_zero_point = -128;
static const float tiny_fc_weight_output_scale = 0.02f;
static const int32_t tiny_fc_weight_output_zero_point = -28;
static const int32_t tiny_fc_weight_activation_min = -128;
static const int32_t tiny_fc_weight_activation_max = 127;

/* Activations */
static const float tiny_x_scale = 0.01f;
static const int32_t tiny_x_zero_point = -28;
static const float tiny_r_scale = 0.01f;
static const int32_t tiny_r_zero_point = -128;
static const float tiny_y_scale = 0.02f;
static const int32_t tiny_y_zero_point = -28;

#endif /* QUANTSCOPE_TINY_H */
