/**
 * Images with labels: CIFAR-10 and CIFAR-100, MNIST, folders and tables of pictures, NumPy's arrays;
 * splitting and encoding.
 * May import `notebook/` and `base/`.
 *
 * @module
 */
export {
  type Channels,
  type ImageSize,
  type LoadedImage,
  loadImage,
  type LoadImageOptions,
} from "./load_image.ts";
export { type OnError, type UnreadableImage } from "./engine/read_images.ts";
export { type ImageStream, openImageFolder, type OpenImageFolderOptions } from "./image_stream.ts";
export { type ImageFolder, type ImageFolderOptions, loadImageFolder } from "./image_folder.ts";
export {
  CIFAR10_ADDRESS,
  CIFAR10_MD5,
  type Dataset,
  firstImages,
  loadCifar10,
  type LoadOptions,
  STAND_IN_WARNING,
} from "./load_cifar10.ts";
export { type Cifar100Options, loadCifar100 } from "./load_cifar100.ts";
export { leaveOut } from "./leave_out.ts";
export { loadMnist, type MnistOptions } from "./load_mnist.ts";
export { type ImageCsvOptions, loadImageCsv } from "./image_csv.ts";
export { loadNpy, type NpyArray, type NpyData, saveNpy } from "./npy.ts";
export { type SourceNotice, sourceNotice } from "./source_notice.ts";
export {
  normalize,
  oneHot,
  shuffle,
  sliceSplit,
  type Split,
  takeRows,
  trainValidationSplit,
} from "./split.ts";
export { type TrainTestOptions, trainTestSplit } from "./train_test_split.ts";
export { type PixelArrays, resizeImages } from "./resize_images.ts";
