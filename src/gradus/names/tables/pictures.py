"""Changes of pictures, data sets and models of pictures, as others call them."""

from __future__ import annotations

from .reasons import DATA, MODEL, PICTURES

INSTEAD: dict[str, dict[str, str]] = {
    "transforms.functional": {
        "pad": "gradus.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])",
        "resize": "gradus.nn.functional.interpolate(x, size)",
        "hflip": "gradus.flip(x, -1)",
        "vflip": "gradus.flip(x, -2)",
        "crop center_crop five_crop ten_crop resized_crop": "x[..., top:bottom, left:right]",
        "normalize": "(x - mean) / std, with mean and std of shape (c, 1, 1)",
        "to_tensor pil_to_tensor": "gradus.data.read_image(path), which gives (c, h, w) in [0, 1]",
        "to_pil_image": "PIL.Image.fromarray(numpy.uint8(255 * x))",
        "convert_image_dtype": 'x.astype("float32") / 255',
        "invert": "1 - x",
        "erase": "x[:, :, top:bottom, left:right] = 0",
        "rgb_to_grayscale to_grayscale": "x.mean(1, keepdims=True)",
        "adjust_brightness adjust_contrast adjust_hue adjust_saturation": "gradus.data.ColorJitter(...)",
        "gaussian_blur": "gradus.data.GaussianBlur(...)",
        "rotate affine": "gradus.data.RandomAffine(...), gradus.nn.functional.grid_sample(x, grid)",
    },
    "datasets": {
        "MNIST": "gradus.datasets.mnist()",
        "FashionMNIST": "gradus.datasets.fashion_mnist()",
        "CIFAR10": "gradus.datasets.cifar10()",
        "DatasetFolder": "gradus.data.ImageFolder(path)",
        "FakeData": "gradus.data.TensorDataset(gradus.rand(n, 3, 32, 32), gradus.randint(0, 10, n))",
        "VisionDataset": "a class with __len__ and __getitem__",
        "boston_housing": "gradus.datasets.california_housing()",
    },
    "models": {
        "Sequential": "gradus.nn.Sequential(*layers)",
        "Model": "a class derived from gradus.nn.Module, with __init__ and forward",
        "load_model save_model": "gradus.save(model, path); and model.load_state_dict(gradus.load(path))",
        "model_from_json model_from_yaml": "the class itself, in Python",
        "clone_model": "copy.deepcopy(model)",
        "get_model list_models": "gradus.models.build(name, input_shape, outputs), gradus.models.NAMES",
        "get_weight": "gradus.load(path)",
    },
    "transforms": {
        "ToTensor PILToTensor ToImage ToPureTensor": "gradus.data.read_image(path), which gives (c, h, w) in [0, 1]",
        "ToPILImage": "PIL.Image.fromarray(numpy.uint8(255 * x))",
        "ConvertImageDtype ToDtype": 'x.astype("float32") / 255',
        "Resize InterpolationMode ScaleJitter RandomResize RandomShortestSize": (
            "gradus.nn.functional.interpolate(x, size)"
        ),
        "CenterCrop": "gradus.data.RandomCrop(size).eval()",
        "FiveCrop TenCrop RandomIoUCrop": "x[..., top:bottom, left:right]",
        "Pad RandomZoomOut": "gradus.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])",
        "Lambda Identity RandomChoice RandomOrder LinearTransformation": "the function itself",
        "RandomInvert": "1 - x",
        "functional": "operations on whole arrays (n, c, h, w), as gradus.flip(x, -1)",
        "UniformTemporalSubsample": "x[:, ::step]",
        "v2": "gradus.data, whose changes have the same names",
    },
    "image": {
        "decode_image decode_jpeg decode_png": "gradus.data.read_image(path)",
        "encode_jpeg encode_png": "PIL.Image.fromarray(numpy.uint8(255 * x))",
        "resize resize_with_pad resize_with_crop_or_pad": "gradus.nn.functional.interpolate(x, size)",
        "flip_left_right": "gradus.flip(x, -1)",
        "flip_up_down": "gradus.flip(x, -2)",
        "random_flip_left_right": "gradus.data.RandomHorizontalFlip()(x)",
        "random_flip_up_down": "gradus.data.RandomVerticalFlip()(x)",
        "random_crop": "gradus.data.RandomCrop(size)(x)",
        "central_crop crop_to_bounding_box": "x[..., top:bottom, left:right]",
        "pad_to_bounding_box": "gradus.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])",
        "per_image_standardization": "(x - x.mean(axes, keepdims=True)) / x.std(axes, keepdims=True)",
        "rgb_to_grayscale": "gradus.data.Grayscale()(x)",
        "grayscale_to_rgb": "gradus.repeat(x, 3, 1)",
        "convert_image_dtype": 'x.astype("float32") / 255',
        "adjust_brightness": "x + amount",
        "adjust_contrast": "(x - x.mean()) * amount + x.mean()",
        "adjust_hue": "gradus.data.ColorJitter(hue=(amount, amount))(x)",
        "adjust_saturation": "gradus.data.ColorJitter(saturation=(factor, factor))(x)",
        "random_brightness random_contrast random_hue random_saturation": (
            "gradus.data.ColorJitter(brightness, contrast, saturation, hue)(x)"
        ),
        "adjust_gamma": "x ** gamma",
        "extract_patches": "gradus.nn.functional.unfold(x, size)",
        "image_gradients": "gradus.diff(x, axis=-1), gradus.diff(x, axis=-2)",
        "total_variation": "gradus.inspect.total_variation(x)",
        "psnr": "10 * gradus.log10(1 / ((x - y) ** 2).mean())",
        "transpose": "gradus.swapaxes(x, -2, -1)",
        "rot90": "gradus.rot90(x, 1, (-2, -1))",
    },
    "ops": {
        "sigmoid_focal_loss": "gradus.nn.functional.focal_loss(...)",
    },
}

ABSENT: dict[str, dict[str, str]] = {
    "datasets": {
        "CIFAR100 cifar100 CelebA Cityscapes CocoCaptions CocoDetection Country211 DTD EMNIST EuroSAT FER2013 "
        "FGVCAircraft Flickr30k Flowers102 Food101 GTSRB HMDB51 ImageNet KMNIST Kinetics LFWPairs LFWPeople LSUN "
        "MovingMNIST Omniglot OxfordIIITPet PCAM Places365 QMNIST RenderedSST2 SBDataset SBU SEMEION STL10 SUN397 "
        "SVHN StanfordCars UCF101 USPS VOCDetection VOCSegmentation imdb reuters": DATA,
    },
    "models": {
        "ConvNeXt* convnext* DenseNet* densenet* EfficientNet* efficientnet* GoogLeNet googlenet Inception* "
        "inception* MNASNet mnasnet* MobileNet* mobilenet* NASNet* RegNet ResNet* resnet* resnext* wide_resnet* "
        "ShuffleNet* shufflenet* SqueezeNet squeezenet* SwinTransformer swin_* VGG* vgg* VisionTransformer vit_* "
        "Xception detection segmentation": MODEL,
    },
    "transforms": {
        "AugMix AutoAugment RandAugment TrivialAugmentWide RandomAdjustSharpness RandomAutocontrast RandomEqualize "
        "RandomPerspective RandomPosterize RandomSolarize RandomPhotometricDistort": PICTURES,
    },
    "transforms.functional": {
        "*": PICTURES,
    },
    "transforms.v2": {
        "R* S* T* U*": PICTURES,
    },
    "image": {
        "crop_and_resize hsv_to_rgb rgb_to_hsv non_max_suppression sobel_edges ssim": PICTURES,
    },
    "ops": {
        "box_iou deform_conv2d generalized_box_iou nms roi_align roi_pool": PICTURES,
    },
}
