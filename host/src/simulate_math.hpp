// SPDX-License-Identifier: BSD-3-Clause
// Elementary functions from + - * / alone, so that simulated frames are equal on every machine.
//
// The standard ones differ in the last bit between C libraries, and a last bit decides now and
// then whether a pixel counts one photon more.
#pragma once

#include <array>
#include <cmath>

namespace quickbeam::simulation {

/// e^x, relative error below 1e-13; 0 below -700, the argument is cut at 700.
inline double portable_exp(double x) {
  constexpr double inverse_factorial[] = {1.0,         1.0,          1.0 / 2,       1.0 / 6,
                                          1.0 / 24,    1.0 / 120,    1.0 / 720,     1.0 / 5040,
                                          1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800};
  // ln 2 in two parts: the first has zeros at its end, so that its multiples are exact.
  constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  if (x < -700.0) return 0.0;
  if (x > 700.0) x = 700.0;
  const double power = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - power * ln2_high) - power * ln2_low;
  double sum = inverse_factorial[11];
  for (int n = 10; n >= 0; --n) sum = sum * r + inverse_factorial[n];
  return std::ldexp(sum, static_cast<int>(power));
}

/// Natural logarithm of a positive normal number, absolute error below 1e-14 near 1.
inline double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  // ln m = 2 artanh t with |t| < 0.172
  const double t = (m - 1) / (m + 1), t2 = t * t;
  double sum = 0;
  for (int n = 21; n >= 1; n -= 2) sum = sum * t2 + 1.0 / n;
  return exponent * 0.69314718055994531 + 2 * t * sum;
}

struct SinCos {
  double sin, cos;
};

inline constexpr double radians_per_degree = 0.017453292519943295;

/// Sine and cosine of an angle in degrees; exact at multiples of 90.
inline SinCos portable_sincos(double degrees) {
  const double quarters = std::floor(degrees / 90 + 0.5);
  const double r = (degrees - quarters * 90) * radians_per_degree, r2 = r * r;
  double s = 0, c = 0;  // Taylor series; |r| <= pi/4
  for (int n = 16; n >= 2; n -= 2) {
    c = (1 - c) * r2 / (n * (n - 1));
    s = (1 - s) * r2 / (n * (n + 1));
  }
  s = r * (1 - s);
  c = 1 - c;
  switch (static_cast<int>(quarters - 4 * std::floor(quarters / 4))) {
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    case 3:
      return {-c, s};
    default:
      return {s, c};
  }
}

/// Arc sine in degrees for |x| <= 0.25, error below 1e-6 degrees.
inline double portable_small_asin(double x) {
  const double x2 = x * x;
  const double series =
      1 + x2 * (1.0 / 6 + x2 * (3.0 / 40 + x2 * (15.0 / 336 + x2 * 105.0 / 3456)));
  return x * series / radians_per_degree;
}

/// Error function, error below 2e-7 (Abramowitz and Stegun, 7.1.26).
inline double portable_erf(double x) {
  const double a = std::fabs(x), t = 1 / (1 + 0.3275911 * a);
  const double poly =
      t *
      (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const double value = 1 - poly * portable_exp(-a * a);
  return x < 0 ? -value : value;
}

using Vector3 = std::array<double, 3>;

inline double dot(const Vector3& u, const Vector3& v) {
  return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}
inline Vector3 cross(const Vector3& u, const Vector3& v) {
  return {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
}
inline Vector3 scaled(const Vector3& v, double factor) {
  return {v[0] * factor, v[1] * factor, v[2] * factor};
}
inline Vector3 sum(const Vector3& u, const Vector3& v) {
  return {u[0] + v[0], u[1] + v[1], u[2] + v[2]};
}

}  // namespace quickbeam::simulation
