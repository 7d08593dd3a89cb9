// SevenNet's convolution in one pass over the edges, on one CPU core: gather the source atom's features, multiply
// them with the edge's spherical harmonics ("uvu" tensor product), add the product to the destination atom's features.
//
// Layout of features: one row per atom; within a row, blocks of [component][channel], channels contiguous, so that
// sixteen channels fill one vector. For one edge the harmonics and the Clebsch-Gordan couplings of a path contract to
// one small matrix [input component][output component], which all channels share.

#include <torch/extension.h>

#include <vector>

namespace {

constexpr int lanes = 16;             // channels per vector
constexpr int largest_dimension = 7;  // 2 l + 1 for l = 3
constexpr int largest_matrix = largest_dimension * largest_dimension;
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

inline Vector load(const float* from) {
  Vector value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

inline void store(float* to, Vector value) { __builtin_memcpy(to, &value, sizeof(value)); }

// One path of the tensor product; offsets count floats. Same order as the columns of the table Python passes.
struct Path {
  int input_offset, channels, input_dimension;
  int harmonics_offset, harmonics_dimension;
  int output_offset, output_dimension;
  int weight_offset, coupling_offset;
};

// output[k][c] += weight[c] * sum_i input[i][c] * matrix[i][k]
template <int Inputs, int Outputs>
void multiply(const float* input, const float* weight, const float* matrix, float* output, int channels) {
  for (int c = 0; c < channels; c += lanes) {
    Vector inputs[Inputs];
    for (int i = 0; i < Inputs; i++) inputs[i] = load(input + i * channels + c);
    const Vector weights = load(weight + c);
    for (int k = 0; k < Outputs; k++) {
      Vector sum = inputs[0] * matrix[k];
      for (int i = 1; i < Inputs; i++) sum += inputs[i] * matrix[i * Outputs + k];
      float* target = output + k * channels + c;
      store(target, load(target) + weights * sum);
    }
  }
}

// Derivatives of multiply: adds to input_gradient, sets weight_gradient and matrix_gradient.
template <int Inputs, int Outputs>
void multiply_backward(const float* input, const float* weight, const float* matrix, const float* output_gradient,
                       float* input_gradient, float* weight_gradient, float* matrix_gradient, int channels) {
  Vector matrix_sums[Inputs * Outputs];
  for (int q = 0; q < Inputs * Outputs; q++) matrix_sums[q] = Vector{};
  for (int c = 0; c < channels; c += lanes) {
    Vector gradients[Outputs];
    for (int k = 0; k < Outputs; k++) gradients[k] = load(output_gradient + k * channels + c);
    const Vector weights = load(weight + c);
    Vector weight_sum = Vector{};
    for (int i = 0; i < Inputs; i++) {
      const Vector value = load(input + i * channels + c);
      Vector projected = gradients[0] * matrix[i * Outputs];
      for (int k = 1; k < Outputs; k++) projected += gradients[k] * matrix[i * Outputs + k];
      weight_sum += value * projected;
      float* target = input_gradient + i * channels + c;
      store(target, load(target) + weights * projected);
      const Vector weighted = value * weights;
      for (int k = 0; k < Outputs; k++) matrix_sums[i * Outputs + k] += weighted * gradients[k];
    }
    store(weight_gradient + c, weight_sum);
  }
  for (int q = 0; q < Inputs * Outputs; q++) {
    float sum = 0;
    for (int lane = 0; lane < lanes; lane++) sum += matrix_sums[q][lane];
    matrix_gradient[q] = sum;
  }
}

// The right instance for odd dimensions 1, 3, 5, 7: table[input_dimension / 2][output_dimension / 2].
using Multiply = void (*)(const float*, const float*, const float*, float*, int);
using MultiplyBackward = void (*)(const float*, const float*, const float*, const float*, float*, float*, float*, int);
#define ROW(function, inputs) \
  { function<inputs, 1>, function<inputs, 3>, function<inputs, 5>, function<inputs, 7> }
const Multiply multiply_table[4][4] = {ROW(multiply, 1), ROW(multiply, 3), ROW(multiply, 5), ROW(multiply, 7)};
const MultiplyBackward multiply_backward_table[4][4] = {ROW(multiply_backward, 1), ROW(multiply_backward, 3),
                                                        ROW(multiply_backward, 5), ROW(multiply_backward, 7)};
#undef ROW

bool has_instance(int dimension) { return dimension % 2 == 1 && 1 <= dimension && dimension <= largest_dimension; }

std::vector<Path> read_paths(const at::Tensor& table) {
  std::vector<Path> paths;
  const auto row = table.accessor<int, 2>();
  for (int64_t p = 0; p < table.size(0); p++) {
    const Path path{row[p][0], row[p][1], row[p][2], row[p][3], row[p][4],
                    row[p][5], row[p][6], row[p][7], row[p][8]};
    TORCH_CHECK(path.channels % lanes == 0, "channels must be a multiple of 16, not ", path.channels);
    TORCH_CHECK(has_instance(path.input_dimension) && has_instance(path.output_dimension), "l must be 0 to 3");
    paths.push_back(path);
  }
  return paths;
}

void check_inputs(const at::Tensor& features, const at::Tensor& harmonics, const at::Tensor& weights,
                  const at::Tensor& source, const at::Tensor& destination) {
  for (const auto& array : {features, harmonics, weights})
    TORCH_CHECK(array.scalar_type() == at::kFloat && array.is_contiguous() && array.device().is_cpu(),
                "features, harmonics and weights must be contiguous float32 on the CPU");
  for (const auto& array : {source, destination})
    TORCH_CHECK(array.scalar_type() == at::kLong && array.is_contiguous(), "edges must be contiguous int64");
  const int64_t n_edges = source.size(0);
  TORCH_CHECK(destination.size(0) == n_edges && harmonics.size(0) == n_edges && weights.size(0) == n_edges,
              "edges, harmonics and weights differ in length");
}

// matrix[i][k] = sum_j coupling[i][j][k] * harmonics[j]
inline void contract(const Path& path, const float* couplings, const float* harmonics, float* matrix) {
  const float* coupling = couplings + path.coupling_offset;
  for (int i = 0; i < path.input_dimension; i++)
    for (int k = 0; k < path.output_dimension; k++) {
      float sum = 0;
      for (int j = 0; j < path.harmonics_dimension; j++)
        sum += coupling[(i * path.harmonics_dimension + j) * path.output_dimension + k] *
               harmonics[path.harmonics_offset + j];
      matrix[i * path.output_dimension + k] = sum;
    }
}

// harmonics_gradient[j] += sum_ik coupling[i][j][k] * matrix_gradient[i][k]
inline void contract_backward(const Path& path, const float* couplings, const float* matrix_gradient,
                              float* harmonics_gradient) {
  const float* coupling = couplings + path.coupling_offset;
  for (int j = 0; j < path.harmonics_dimension; j++) {
    float sum = 0;
    for (int i = 0; i < path.input_dimension; i++)
      for (int k = 0; k < path.output_dimension; k++)
        sum += coupling[(i * path.harmonics_dimension + j) * path.output_dimension + k] *
               matrix_gradient[i * path.output_dimension + k];
    harmonics_gradient[path.harmonics_offset + j] += sum;
  }
}

// features [n_atoms, width], harmonics [n_edges, components], weights [n_edges, n_weights] -> [n_atoms, output_width]
at::Tensor forward(at::Tensor features, at::Tensor harmonics, at::Tensor weights, at::Tensor source,
                   at::Tensor destination, at::Tensor path_table, at::Tensor couplings, int64_t output_width) {
  check_inputs(features, harmonics, weights, source, destination);
  const auto paths = read_paths(path_table);
  auto output = at::zeros({features.size(0), output_width}, features.options());
  const float* coupling_data = couplings.data_ptr<float>();
  const int64_t* from = source.data_ptr<int64_t>();
  const int64_t* to = destination.data_ptr<int64_t>();
  float matrix[largest_matrix];
  for (int64_t edge = 0; edge < source.size(0); edge++) {
    const float* feature = features.data_ptr<float>() + from[edge] * features.size(1);
    const float* harmonic = harmonics.data_ptr<float>() + edge * harmonics.size(1);
    const float* weight = weights.data_ptr<float>() + edge * weights.size(1);
    float* result = output.data_ptr<float>() + to[edge] * output_width;
    for (const auto& path : paths) {
      contract(path, coupling_data, harmonic, matrix);
      multiply_table[path.input_dimension / 2][path.output_dimension / 2](
          feature + path.input_offset, weight + path.weight_offset, matrix, result + path.output_offset,
          path.channels);
    }
  }
  return output;
}

// Gradients of features, harmonics and weights.
std::vector<at::Tensor> backward(at::Tensor output_gradients, at::Tensor features, at::Tensor harmonics,
                                 at::Tensor weights, at::Tensor source, at::Tensor destination,
                                 at::Tensor path_table, at::Tensor couplings) {
  check_inputs(features, harmonics, weights, source, destination);
  const auto paths = read_paths(path_table);
  auto feature_gradients = at::zeros_like(features), harmonics_gradients = at::zeros_like(harmonics);
  auto weight_gradients = at::empty_like(weights);
  const float* coupling_data = couplings.data_ptr<float>();
  const int64_t* from = source.data_ptr<int64_t>();
  const int64_t* to = destination.data_ptr<int64_t>();
  float matrix[largest_matrix], matrix_gradient[largest_matrix];
  for (int64_t edge = 0; edge < source.size(0); edge++) {
    const int64_t feature_row = from[edge] * features.size(1);
    const int64_t harmonics_row = edge * harmonics.size(1), weights_row = edge * weights.size(1);
    const float* output_gradient = output_gradients.data_ptr<float>() + to[edge] * output_gradients.size(1);
    float* harmonics_gradient = harmonics_gradients.data_ptr<float>() + harmonics_row;
    for (const auto& path : paths) {
      contract(path, coupling_data, harmonics.data_ptr<float>() + harmonics_row, matrix);
      multiply_backward_table[path.input_dimension / 2][path.output_dimension / 2](
          features.data_ptr<float>() + feature_row + path.input_offset,
          weights.data_ptr<float>() + weights_row + path.weight_offset, matrix,
          output_gradient + path.output_offset,
          feature_gradients.data_ptr<float>() + feature_row + path.input_offset,
          weight_gradients.data_ptr<float>() + weights_row + path.weight_offset, matrix_gradient, path.channels);
      contract_backward(path, coupling_data, matrix_gradient, harmonics_gradient);
    }
  }
  return {feature_gradients, harmonics_gradients, weight_gradients};
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, module) {
  module.def("forward", &forward);
  module.def("backward", &backward);
}
