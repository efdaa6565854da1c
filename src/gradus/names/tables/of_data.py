"""Tables and texts, as scikit-learn, pandas, torchtext and Keras call what is done with them."""

from __future__ import annotations

from .reasons import TEXT

TABLE = "gradus.data.TableTransform(), which standardises numbers, one-hot encodes text and tells what is missing"

INSTEAD: dict[str, dict[str, str]] = {
    "data": {
        "OneHotEncoder OrdinalEncoder ColumnTransformer SimpleImputer MinMaxScaler RobustScaler get_dummies": TABLE,
        "StandardScaler": "gradus.data.TableTransform() for features, gradus.data.Standardizer for what is predicted",
        "LabelEncoder factorize": "np.unique(labels, return_inverse=True), which gives the classes and the labels",
        "DataFrame": "gradus.data.Table(columns)",
        "read_table": "gradus.data.read_csv(path)",
        "read_excel read_json read_parquet read_sql": "gradus.data.Table(frame), of a DataFrame that pandas has read",
        "Vocab vocab build_vocab_from_iterator StringLookup": "gradus.data.Vocabulary(texts)",
        "get_tokenizer": "gradus.data.words, gradus.data.characters, or gradus.data.BytePairs.train(text, merges)",
        "CountVectorizer TextVectorization": "gradus.data.Vocabulary(map(gradus.data.words, texts))",
        "text_dataset_from_directory": "gradus.data.read_texts(path)",
    },
    "data.Table": {
        "shape": "len(table), len(table.names)",
        "iloc loc": "table.rows(places)[name]",
        "to_csv": "gradus.data.write_csv(table, path)",
        "to_numpy values": "np.column_stack([table.numbers(name) for name in table.names])",
        "dropna": "table.rows(~np.isnan(table.numbers(name)))",
        "fillna": "table.assign(rooms=np.nan_to_num(table.numbers('rooms'), nan=0))",
    },
    "data.TableTransform": {
        "get_feature_names_out": "transform.feature_names",
        "categories_": "transform.columns, each with its categories",
        "mean_ scale_": "transform.columns, each with its mean and std",
    },
    "data.Standardizer": {
        "inverse_transform": "scale.inverse(z)",
        "mean_ scale_": "scale.mean and scale.std",
    },
    "data.Vocabulary": {
        "build_vocab fit_on_texts adapt": "gradus.data.Vocabulary(map(gradus.data.words, texts))",
        "lookup_indices texts_to_sequences": "vocabulary.encode(tokens)",
        "lookup_tokens sequences_to_texts": "vocabulary.decode(numbers)",
        "get_itos get_vocabulary": "vocabulary.tokens",
        "get_stoi word_index": "vocabulary.numbers",
    },
}
ABSENT: dict[str, dict[str, str]] = {
    "data": {"TfidfVectorizer HashingVectorizer": TEXT},
    "data.TableTransform": {
        "inverse_transform": "A TableTransform does not go back; what is predicted does, by gradus.data.Standardizer.",
    },
}
