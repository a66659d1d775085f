"""The types that this sandbox serves, as tables: what may be asked, and what may be sent.

Only fields that the contract names are here: asking for another one is refused, as on the real
mall, where a typo fails the whole query. Contract: sections 4 to 6.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.faults import Family

SCALAR = ""


def _scalars(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), SCALAR)


# Type -> field -> type of the field; SCALAR: no fields of its own.
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "Query": {
        "searchOrder": "SearchOrderResponse",
        "searchProduct": "SearchProductResponse",
        "searchProductQuantity": "SearchProductQuantityResponse",
        "getShop": "GetShopResponse",
    },
    "Mutation": {
        "updateProductQuantity": "UpdateProductQuantityResponse",
        "updateVariationQuantity": "UpdateVariationQuantityResponse",
    },
    "SearchOrderResponse": {**_scalars("searchedCount page limit"), "orders": "SearchedOrder"},
    "SearchedOrder": {
        **_scalars(
            "systemOrderNumber displayOrderNumber orderDate memberId senderName senderPrefecture"
            " sumPrice taxRate payMethod paymentStatusCode message couponDiscount"
        ),
        "discountPerTax": "DiscountPerTax",
        "deliveryInfos": "DeliveryInfo",
    },
    "DiscountPerTax": _scalars("taxRate discount"),
    "DeliveryInfo": {
        **_scalars(
            "deliveryId deliveryStatus shippingCharge deliverySumPrice slipNumber deliveryDate"
            " estimatedShipmentDate desiredDeliveryDate desiredDeliveryTimezone receiverName"
            " receiverPost receiverPrefecture receiverAddress receiverAddress2 receiverTel"
            " wmsStatus deliveryMessage deliveryMethodIds"
        ),
        "basketInfos": "BasketInfo",
    },
    "BasketInfo": {
        **_scalars(
            "productCode productCustomCode variationCustomCode variationName productName janCode"
            " amount price"
        ),
        "customSelects": "CustomSelect",
    },
    "CustomSelect": _scalars("customSelectName selectedItemName"),
    "SearchProductResponse": {**_scalars("searchedCount page limit"), "products": "Product"},
    "Product": {
        **_scalars(
            "uid systemCode customCode janCode productName productGroupCode sellPrice"
            " consumerPrice taxRate quantity display maker variationShowType isSellStart isSellEnd"
            " sellStartDateTime sellEndDateTime customCreatedAt createdAt updatedAt"
        ),
        "variations": "Variation",
        "categories": "Category",
    },
    "Variation": _scalars(
        "variation1ItemName variation2ItemName subImageId productSystemCode variationCustomCode"
        " janCode"
    ),
    "Category": _scalars("categoryName categoryCode"),
    "SearchProductQuantityResponse": {
        **_scalars("page limit"),
        "productQuantities": "ProductQuantity",
    },
    "ProductQuantity": {
        **_scalars("systemCode customCode productName quantity"),
        "variationQuantities": "VariationQuantity",
    },
    "VariationQuantity": _scalars("variationQuantity variationCustomCode"),
    "GetShopResponse": {"shop": "Shop"},
    "Shop": _scalars("shopName shopUrl settingOriginalDomain openCondition"),
    "UpdateProductQuantityResponse": {"failResult": "ProductQuantityFailResult"},
    "ProductQuantityFailResult": _scalars("systemCode customCode message"),
    "UpdateVariationQuantityResponse": {"failResult": "VariationQuantityFailResult"},
    "VariationQuantityFailResult": _scalars(
        "systemCode customCode variation1ItemId variation2ItemId variationCustomCode message"
    ),
}

# Operation -> the type of its argument `input`; those not named take none.
ARGUMENTS: Mapping[str, str] = {
    "searchOrder": "SearchOrderRequest",
    "searchProduct": "SearchProductRequest",
    "searchProductQuantity": "SearchProductQuantityRequest",
    "updateProductQuantity": "UpdateProductQuantityRequest",
    "updateVariationQuantity": "UpdateVariationQuantityRequest",
}

# Input type -> field -> its type: Int, String, another input; [T] a list, ! required.
INPUTS: Mapping[str, Mapping[str, str]] = {
    "SearchOrderRequest": {
        "startOrderDate": "String",
        "endOrderDate": "String",
        "startPaymentDate": "String",
        "endPaymentDate": "String",
        "deliveryStatus": "String",
        "sortOrder": "String",
        "page": "Int",
        "limit": "Int",
    },
    "SearchProductRequest": {
        "systemCode": "String",
        "customCode": "String",
        "categoryCode": "String",
        "lastUpdateFrom": "String",
        "lastUpdateTo": "String",
        "sortOrder": "String",
        "page": "Int",
        "limit": "Int",
    },
    "SearchProductQuantityRequest": {"systemCodes": "[String]", "page": "Int", "limit": "Int"},
    "UpdateProductQuantityRequest": {"productQuantities": "[ProductQuantityInput]!"},
    "ProductQuantityInput": {
        "productKeyType": "Int!",
        "systemCode": "String",
        "customCode": "String",
        "quantityCalculationType": "Int!",
        "quantity": "Int!",
    },
    "UpdateVariationQuantityRequest": {"variationQuantities": "[VariationQuantityInput]!"},
    "VariationQuantityInput": {
        "productKeyType": "Int!",
        "systemCode": "String",
        "customCode": "String",
        "variationQuantityDetails": "[VariationQuantityDetail]!",
    },
    "VariationQuantityDetail": {
        "variationKeyType": "Int!",
        "variationCustomCode": "String",
        "variation1ItemId": "Int",
        "variation2ItemId": "Int",
        "quantityCalculationType": "Int!",
        "quantity": "Int!",
    },
}

# Which faults concern an operation.
FAMILIES: Mapping[str, Family] = {
    "searchOrder": "orders",
    "searchProduct": "items",
    "searchProductQuantity": "stock",
    "updateProductQuantity": "stock",
    "updateVariationQuantity": "stock",
    "getShop": "auth",
}
