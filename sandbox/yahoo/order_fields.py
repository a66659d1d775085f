"""The names a `Field` list may ask for, and the group of the answer each one belongs to.

`orderList` answers order-level names only, flat. `orderInfo` groups them. A name that is in neither
table is a parameter error, as on the real mall, where a wrong prefix costs merchants days.
Contract: sections 5.1 and 5.2.
"""

ORDER = frozenset(
    "OrderId Version OriginalOrderId ParentOrderId ChildOrderId DeviceType MobileCarrierName IsSeen"
    " IsSplit CancelReason CancelReasonDetail IsRoyalty IsRoyaltyFix IsSeller IsAffiliate"
    " IsRatingB2s NeedSnl OrderTime LastUpdateTime Suspect SuspectMessage OrderStatus StoreStatus"
    " RoyaltyFixTime SendConfirmTime SendPayTime PrintSlipTime PrintDeliveryTime PrintBillTime"
    " BuyerComments SellerComments Notes OperationUser Referer EntryPoint HistoryId UsageId"
    " UseCouponData TotalCouponDiscount ShippingCouponFlg ShippingCouponDiscount CampaignPoints"
    " IsMultiShip MultiShipId IsReadOnly IsFirstClassDrugIncludes IsFirstClassDrugAgreement"
    " FraudHoldStatus PublicationTime IsYahooAuctionOrder YahooAuctionMerchantId YahooAuctionId"
    " YahooAuctionDeferredShipFee IsSubscription SubscriptionId SubscriptionContinueCount"
    " IsLineGiftOrder LineGiftOrderId ExistMultiReleaseDate ReleaseDate".split()
)
PAY = frozenset(
    "PayStatus SettleStatus PayType PayKind PayMethod PayMethodName SellerHandlingCharge"
    " PayActionTime PayDate PayNotes SettleId CardBrand CardNumber CardNumberLast4 CardExpireYear"
    " CardExpireMonth CardPayType CardHolderName CardPayCount CardBirthDay UseYahooCard"
    " UseWallet NeedBillSlip NeedDetailedSlip NeedReceipt AgeConfirmField AgeConfirmValue"
    " AgeConfirmCheck BillAddressFrom BillFirstName BillFirstNameKana BillLastName"
    " BillLastNameKana BillZipCode BillPrefecture BillPrefectureKana BillCity BillCityKana"
    " BillAddress1 BillAddress1Kana BillAddress2 BillAddress2Kana BillPhoneNumber"
    " BillEmgPhoneNumber BillMailAddress BillSection1Field BillSection1Value BillSection2Field"
    " BillSection2Value PayNo PayNoIssueDate ConfirmNumber PaymentTerm IsApplePay".split()
)
SHIP = frozenset(
    "ShipStatus ShipMethod ShipMethodName ShipRequestDate ShipRequestTime ShipNotes ShipCompanyCode"
    " ReceiveShopCode ShipInvoiceNumber1 ShipInvoiceNumber2 ShipInvoiceNumberEmptyReason ShipUrl"
    " ArriveType ShipDate ArrivalDate NeedGiftWrap GiftWrapType GiftWrapMessage NeedGiftWrapPaper"
    " GiftWrapPaperType GiftWrapName Option1Field Option1Type Option1Value Option2Field Option2Type"
    " Option2Value ShipFirstName ShipFirstNameKana ShipLastName ShipLastNameKana ShipZipCode"
    " ShipPrefecture ShipPrefectureKana ShipCity ShipCityKana ShipAddress1 ShipAddress1Kana"
    " ShipAddress2 ShipAddress2Kana ShipPhoneNumber ShipEmgPhoneNumber ShipSection1Field"
    " ShipSection1Value ShipSection2Field ShipSection2Value ReceiveSatelliteType"
    " ReceiveSatelliteSetMethod ReceiveSatelliteMethod ReceiveSatelliteNumber CollectionDate"
    " CashOnDeliveryTax NumberUnitsShipped ShipRequestTimeZoneCode ShipInstructType"
    " ShipInstructStatus ReceiveShopType ReceiveShopName ExcellentDelivery IsEazy"
    " EazyDeliveryCode EazyDeliveryName".split()
)
SELLER = frozenset({"SellerId", "LineGiftAccount"})
BUYER = frozenset({"IsLogin", "FspLicenseCode", "FspLicenseName", "GuestAuthId"})
DETAIL = frozenset(
    "PayCharge ShipCharge GiftWrapCharge Discount Adjustments SettleAmount UsePoint"
    " GiftCardDiscount TotalPrice SettlePayAmount TaxRatio IsGetPointFixAll TotalMallCouponDiscount"
    " IsGetStoreBonusFixAll".split()
)
ITEM = frozenset(
    "LineId ItemId Title SubCode SubCodeOption ItemOption Inscription IsUsed ImageId IsTaxable"
    " ItemTaxRatio Jan ProductId CategoryId AffiliateRatio UnitPrice NonTaxUnitPrice Quantity"
    " PointAvailQuantity ReleaseDate HaveReview PointFspCode PointRatioY PointRatioSeller"
    " UnitGetPoint IsGetPointFix GetPointFixDate CouponData CouponDiscount CouponUseNum"
    " OriginalPrice OriginalNum LeadTimeText LeadTimeStart LeadTimeEnd PriceType"
    " PickAndDeliveryCode PickAndDeliveryTransportRuleType YamatoUndeliverableReason ItemYahooAucId"
    " ItemYahooAucMerchantId".split()
)

LISTED = ORDER | PAY | SHIP | SELLER | BUYER | DETAIL
DETAILED = LISTED | ITEM

# The groups of `orderInfo` in the order of the answer; items follow, one group per line.
GROUPS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Pay", PAY),
    ("Ship", SHIP),
    ("Seller", SELLER),
    ("Buyer", BUYER),
    ("Detail", DETAIL),
)
