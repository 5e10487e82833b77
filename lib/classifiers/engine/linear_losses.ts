/** Values of a block of rows, one plane of `rows` values for each output of a linear model. */
export type Planes = Float32Array | Float64Array;

/**
 * A loss of the outputs of a linear model. Takes the outputs of a block of rows, and writes the loss's
 * derivatives in their place.
 *
 * @param planes [outputs, rows]
 * @param codes Class number of each row, from 0
 * @returns The sum of the rows' losses
 */
export type LinearLoss = (planes: Planes, codes: Int32Array) => number;

/** Multinomial logistic loss: −log of the softmax of the row's own class. One output a class. */
export const softmaxLoss: LinearLoss = (planes, codes) => {
  const rows = codes.length, outputs = planes.length / rows;
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    let largest = -Infinity;
    for (let k = i; k < planes.length; k += rows) if (planes[k]! > largest) largest = planes[k]!;
    const own = planes[codes[i]! * rows + i]! - largest;
    let sum = 0;
    for (let k = i; k < planes.length; k += rows) {
      const power = Math.exp(planes[k]! - largest);
      planes[k] = power;
      sum += power;
    }
    for (let c = 0; c < outputs; c++) {
      planes[c * rows + i] = planes[c * rows + i]! / sum - (codes[i] === c ? 1 : 0);
    }
    loss += Math.log(sum) - own;
  }
  return loss;
};

/** Binary logistic loss: log(1 + exp(−y·output)), y = ±1. One output, of the second class. */
export const logisticLoss: LinearLoss = (planes, codes) => {
  let loss = 0;
  for (let i = 0; i < codes.length; i++) {
    const sign = codes[i] === 1 ? 1 : -1, margin = sign * planes[i]!;
    const power = Math.exp(-Math.abs(margin));
    loss += Math.log1p(power) + Math.max(0, -margin);
    planes[i] = -sign * (margin > 0 ? power : 1) / (1 + power);
  }
  return loss;
};

/**
 * Squared hinge loss max(0, 1 − y·output)², each class against the rest. One output a class; for two
 * classes one output, of the second.
 */
export const squaredHingeLoss: LinearLoss = (planes, codes) => {
  const rows = codes.length, outputs = planes.length / rows;
  let loss = 0;
  for (let c = 0; c < outputs; c++) {
    const own = outputs === 1 ? 1 : c;
    for (let i = 0; i < rows; i++) {
      const sign = codes[i] === own ? 1 : -1;
      const missing = Math.max(0, 1 - sign * planes[c * rows + i]!);
      loss += missing * missing;
      planes[c * rows + i] = -2 * sign * missing;
    }
  }
  return loss;
};
