"""Named data sets of house prices: California, King County, Ames."""

from __future__ import annotations

import numpy as np

from ..data import Standardizer, Table, TableTransform, TensorDataset, read_csv
from ..errors import DataError
from .locate import locate
from .splits import Splits, random_rows


def california_housing() -> Splits:
    """Districts of California in 1990: x float32 (n, d) standardised and one-hot, y float32 (n, 1) standardised.

    y is `median_house_value`, in dollars, capped at 500,001. A fixed random fifth (seed 0) tests: 16,512 + 4,128 rows.
    `train.transform` made x, `train.target` turns predictions back into dollars; both are fitted on the training part.

    Raises:
        DataError: its file is not here and cannot be downloaded, or is damaged.

    Source: Pace and Barry, "Sparse spatial autoregressions" (1997), in Géron's copy.
    """
    (path,) = locate("california_housing")
    return _splits("california_housing", read_csv(path), "median_house_value", log=False)


def king_county() -> Splits:
    """House sales in King County: x float32 (n, d) standardised and one-hot, y float32 (n, 1), log price standardised.

    The id is left out, the date of the sale becomes a year and a month, the zipcode is a category. A fixed random
    fifth (seed 0) tests: 17,290 + 4,323 rows. `train.transform` made x, `train.target` turns predictions back into
    dollars; both are fitted on the training part.

    Raises:
        DataError: its file is not here and cannot be downloaded, or is damaged.

    Source: King County, sales from May 2014 to May 2015, published on Kaggle as "House Sales in King County, USA".
    """
    (path,) = locate("king_county")
    table = read_csv(path, text=("id", "zipcode"))
    return _splits("king_county", prepare("king_county", table).drop("id"), "price", log=True)


def ames_house_prices() -> Splits:
    """Houses in Ames, Iowa: x float32 (n, d) standardised and one-hot, y float32 (n, 1), log price standardised.

    The rows with a price (Kaggle's training file) are divided: a fixed random fifth (seed 0) tests, 1,168 + 292 rows.
    The Id is left out, MSSubClass (a code) is a category. `train.transform` made x, `train.target` turns predictions
    back into dollars; both are fitted on the training part.

    Raises:
        DataError: its file is not here and cannot be downloaded, or is damaged.

    Source: De Cock, "Ames, Iowa: alternative to the Boston housing data" (2011), as cut by Kaggle's "House Prices".
    """
    (path,) = locate("ames_house_prices")
    table = read_csv(path, text=("MSSubClass",)).drop("Id")
    return _splits("ames_house_prices", table, "SalePrice", log=True)


def prepare(name: str, table: Table) -> Table:
    """The columns that a model of a data set is given, from a table such as lies in the data set's file.

    In `king_county` the date of the sale becomes a year and a month; the other tables stay as they are.

    >>> prepare("king_county", Table({"date": ["20141013T000000"]})).names
    ('sale_year', 'sale_month')
    """
    if name != "king_county" or "date" not in table:
        return table
    months = table.dates("date").astype("datetime64[M]").astype(np.float64)  # since January 1970; NaT is NaN
    return table.assign(sale_year=1970 + months // 12, sale_month=1 + months % 12).drop("date")


def _splits(name: str, table: Table, target: str, log: bool) -> Splits:
    """Divide a table at random and standardise both parts as the training part says."""
    if len(table) < 2:
        raise DataError(f"{name} has {len(table)} row, but needs one to learn from and one to test on, better hundreds")
    features, prices = table.drop(target), table.numbers(target)
    train, test = random_rows(len(table))
    transform = TableTransform().fit(features.rows(train))
    scale = Standardizer.fit(prices[train], log=log, name=target)

    def part(rows: np.ndarray) -> TensorDataset:
        x, y = transform.transform(features.rows(rows), aloud=False), scale.transform(prices[rows])[:, None]
        return TensorDataset(x, y, name=name, target=scale, transform=transform)

    return Splits(part(train), part(test))
