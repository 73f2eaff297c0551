"""What others call the columns of the retail vocabulary, in several languages and systems.

Each word has two lists, phrases separated by ``|``: names that mean it wherever they stand, and
names that mean it only where nothing better is there. Compared after :func:`names.tokens`, so case,
``_``, spaces, camelCase and accents do not matter, nor whether words are written together.

Systems met in the lists: Shopify and WooCommerce exports, Magento (increment_id, qty_ordered,
row_total), SAP (vbeln, matnr, kunnr, kwmeng, netpr, netwr, erdat), Online Retail, Instacart, Olist,
completejourney (household, basket, sales_value), Dominick's (move, feat, deal), cdnow. Languages:
English, German, French, Spanish, Italian, Portuguese, Polish, Dutch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names of one word of the vocabulary.

    Args:
        strong: phrases that mean it.
        weak: phrases that may mean it.
        never: tokens with which a column is something else, whatever other tokens say.
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()


def _names(strong: str, weak: str = "", never: str = "") -> Names:
    parts = [tuple(p.strip() for p in text.split("|") if p.strip()) for text in (strong, weak)]
    return Names(parts[0], parts[1], frozenset(never.split()))


SYNONYMS: Mapping[str, Names] = {
    "order_id": _names(
        """order id|order no|order number|order nr|order key|order name|order reference|invoice|
        invoice no|invoice number|invoice id|basket|basket id|transaction id|transaction no|
        transaction number|trans id|trans no|txn id|receipt|receipt id|receipt no|receipt number|
        ticket id|ticket no|bill no|bill number|sales order|sales document|document number|
        doc no|docnum|vbeln|increment id|cart id|sale id|purchase id|checkout id|bestellnummer|
        bestell nr|bestell id|bestellung|bestellung id|auftrag|auftragsnummer|auftrags nr|
        auftrag nr|rechnung|rechnungsnummer|rechnungs nr|rechnung nr|beleg|belegnummer|beleg nr|
        bon|bonnummer|bon nr|kassenbon|commande|id commande|numero commande|no commande|facture|
        numero facture|pedido|id pedido|numero pedido|numero de pedido|ordine|id ordine|
        numero ordine|scontrino|id zamowienia|numer zamowienia|zamowienie|bestelnummer|ordernummer|
        order entity id""",
        "order|transaction|ticket|document|sale|purchase|name|number|no|id",
        "date time status line item items position pos product customer store type timestamp "
        "method source",
    ),
    "line_no": _names(
        """line no|line number|line|line nr|line id|line item|order item id|order line|
        order line id|order line no|line item no|item position|position|pos|pos nr|posnr|
        positionsnummer|zeile|zeilennummer|zeile nr|ligne|numero ligne|linea|riga|linha|
        regel|regelnummer|add to cart order|item seq|item sequence|sequence no|row no|
        order item number""",
        "item no|seq|sequence",
        "total price amount quantity discount name sku type",
    ),
    "customer_id": _names(
        """customer unique id|customer id|customer|customer no|customer number|customer nr|
        customer key|customer code|cust id|cust no|cust|client id|client|client no|user id|user|
        member id|member|household id|household key|household|hh id|buyer id|buyer|shopper id|
        shopper|account id|loyalty id|loyalty card|loyalty card no|card id|card no|card number|
        person id|panelist|panelist id|kunde|kunden id|kunde id|kundennummer|kunden nr|kunde nr|
        kd nr|kdnr|debitor|debitorennummer|kunnr|sold to|sold to party|id client|code client|
        numero client|cliente|id cliente|codigo cliente|numero cliente|codice cliente|klient|
        id klienta|klantnummer|klant|klant id|customer email|email|e mail|email address""",
        "account|party|card|contact id|id|billing email|nummer|number|entity id",
        "name country state city zip order product group type date segment store accepts age "
        "since address phone company note",
    ),
    "product_id": _names(
        """product id|product|product code|product no|product number|product nr|product key|prod id|
        sku|lineitem sku|variant sku|product sku|item id|item code|item no|item number|article id|
        article|article no|article number|article code|artikel|artikel id|artikelnummer|artikel nr|
        art nr|artnr|material|material number|matnr|stock code|upc|ean|gtin|asin|plu|isbn|
        variant id|produkt|produkt id|produktnummer|produkt nr|produit|id produit|code produit|
        reference produit|ref produit|code article|producto|id producto|codigo producto|articulo|
        prodotto|id prodotto|codice prodotto|codice articolo|produto|id produto|codigo produto|
        towar|id produktu|kod produktu|artikelcode|artikelnr""",
        "item|code|ref|reference|handle|id|nummer|number|entity id|"
        "product name|item name|lineitem name|produktname|artikelname|bezeichnung",
        "price cost qty quantity group category type line order customer date status count "
        "discount total size weight length height width family department",
    ),
    "store_id": _names(
        """store id|store|store no|store number|store code|store nr|store key|store name|shop id|
        shop|branch|branch id|outlet|outlet id|location id|pos location|filiale|filial id|
        filial nr|filialnummer|filiale nr|markt|markt id|laden|laden id|werk|werks|plant|magasin|
        id magasin|point de vente|tienda|id tienda|sucursal|negozio|id negozio|punto vendita|loja|
        id loja|sklep|id sklepu|winkel|winkel id|retailer id|ret id|vkorg""",
        "location|channel|sales channel|seller id|warehouse|website|vendor location",
        "credit currency view",
    ),
    "ordered_at": _names(
        """ordered at|order date|order time|order timestamp|order datetime|order date time|
        order purchase timestamp|order created at|invoice date|transaction date|transaction time|
        transaction timestamp|transaction datetime|trans date|purchase date|purchased at|
        purchase timestamp|sale date|sales date|sold at|sold on|receipt date|date time|datetime|
        date created|created at|date|datum|bestelldatum|bestellt am|bestellzeit|bestellzeitpunkt|
        bestelldatum uhrzeit|rechnungsdatum|belegdatum|auftragsdatum|kaufdatum|verkaufsdatum|
        gekauft am|verkauft am|kaufzeitpunkt|bondatum|erdat|audat|budat|fkdat|zeitpunkt|zeitstempel|
        date commande|date de commande|date achat|date vente|fecha|fecha pedido|
        fecha compra|fecha venta|data ordine|data vendita|data pedido|data compra|data venda|data|
        data zamowienia|data sprzedazy|besteldatum|orderdatum|timestamp""",
        "time|day|paid at|processed at|created|invoice time|tag|jour|zeit|created on",
        "delivered delivery shipped shipping due updated estimated approved birth birthday "
        "cancelled canceled modified fulfilled refund return expiry limit dow registered joined "
        "signup since lieferdatum geburtsdatum prior start end",
    ),
    "quantity": _names(
        """quantity|qty|units|units sold|unit count|quantity sold|quantity ordered|qty ordered|
        ordered quantity|lineitem quantity|item quantity|order quantity|quantities|pieces|pcs|
        number of items|item count|menge|anzahl|stueck|stueckzahl|stk|bestellmenge|
        verkaufsmenge|absatz|kwmeng|fkimg|quantite|qte|cantidad|cant|quantita|qta|quantidade|qtd|
        ilosc|aantal|order item quantity""",
        "count|number|volume|move|movement|nombre|units ordered|cds|items|sales units",
        "shipped refunded returned canceled cancelled stock inventory available min max invoiced "
        "backordered unit price",
    ),
    "unit_price": _names(
        """unit price|price per unit|price|item price|product price|lineitem price|selling price|
        sales price|sale price|price paid|unit selling price|net price|prices|price each|
        einzelpreis|stueckpreis|preis|preis pro stueck|verkaufspreis|vk preis|vkpreis|netpr|
        prix|prix unitaire|pu|precio|precio unitario|prezzo|prezzo unitario|preco|preco unitario|
        cena|cena jednostkowa|prijs|stuksprijs|eenheidsprijs|unit price cents|price cents|
        preis cent|preis in cent|einzelpreis cent""",
        "base price|unit amount|rate|unit cost|regular price|list price|prix ttc|prix ht",
        "compare original old previous competitor shipping freight tax discount total currency "
        "total index category range",
    ),
    "amount": _names(
        """amount|line total|row total|total price|total amount|line amount|sales value|
        sales amount|sales|revenue|turnover|extended price|extended amount|gross sales|net sales|
        net amount|gross amount|order item total|item total|umsatz|betrag|gesamtpreis|zeilensumme|
        positionswert|gesamtbetrag|positionsbetrag|netwr|montant|montant total|total ligne|
        chiffre affaires|importe|importe total|total linea|importo|importo totale|totale|
        valor total|valor|wartosc|bedrag|totaal|regelbedrag|spend|gmv|total|net revenue""",
        "dollars|value|subtotal|summe|gesamt|sum|euro|eur|usd",
        "tax shipping discount disc count freight refunded quantity profit cost",
    ),
    "on_promotion": _names(
        """on promotion|promotion|promo|is promo|is promotion|promotion flag|promo flag|on sale|
        is on sale|on promo|deal|on deal|aktion|in aktion|im angebot|angebot|ist angebot|
        sonderangebot|aktionsartikel|ist aktion|rabattiert|reduziert|en promo|en promotion|
        promocion|en oferta|oferta|in offerta|offerta|promozione|in promozione|promocao|
        em promocao|promocja|aanbieding|in de aanbieding|discounted|is discounted""",
        "feat|feature|featured|special|display|campaign|sale|markdown",
        "id price name code description date",
    ),
    "discount": _names(
        """discount|discount amount|line discount|lineitem discount|item discount|discount pct|
        discount percent|retail disc|retail discount|disc|rabatt|rabattbetrag|rabatt betrag|
        rabatt prozent|nachlass|remise|montant remise|descuento|sconto|desconto|rabat|korting|
        reduction|savings|order discount|discount value""",
        "coupon disc|coupon discount|coupon|coupon match disc",
        "code name type id description",
    ),
    "country": _names(
        """country|country code|country name|country region|customer country|billing country|
        shipping country|ship country|country id|land|laendercode|lieferland|rechnungsland|
        land code|land1|pays|code pays|pais|paese|nazione|kraj|nation|landcode""",
        "market|region|state|customer state|province|bundesland|territory|geography|federal state",
        "order origin product",
    ),
    "joined_on": _names(
        """joined on|joined at|join date|joined|registered at|registered on|registration date|
        registered|signup date|sign up date|signed up|signed up at|member since|customer since|
        account created|account created at|registriert am|registrierungsdatum|kunde seit|
        angelegt am|anmeldedatum|angemeldet am|eintrittsdatum|mitglied seit|date inscription|
        inscrit le|fecha alta|fecha registro|data registrazione|data cadastro|data rejestracji|
        registratiedatum|klant sinds|first order date|first purchase date|first purchase""",
        "created at|created|since|date created|erdat|created on|date",
        "order updated birth last",
    ),
    "description": _names(
        """description|product name|product description|item name|item description|title|
        product title|lineitem name|lineitem title|article name|article description|bezeichnung|
        artikelbezeichnung|artikelname|produktname|artikeltext|produktbezeichnung|beschreibung|
        maktx|arktx|kurztext|libelle|libelle produit|designation|nom produit|descripcion|
        nombre producto|descrizione|nome prodotto|descricao|nome produto|nazwa|nazwa produktu|
        omschrijving|productnaam|display name|prod name|item title|name""",
        "product|item|artikel|produkt|nom|nombre|nome|naam|label|text|product type",
        "customer store billing shipping category brand department first last file company "
        "household campaign url length lenght payment discount",
    ),
    "category": _names(
        """category|product category|product category name|category name|categories|item category|
        product group|product type|department|dept|department name|aisle|commodity|commodity desc|
        warengruppe|kategorie|produktkategorie|artikelgruppe|produktgruppe|matkl|sortiment|
        categorie|rayon|famille|famille produit|categoria|nome categoria|departamento|reparto|
        kategoria|kategoria produktu|productgroep|level1|product family|product line""",
        "subcategory|sub category|class|section|family|type|group|segment|level2|aisle id|"
        "department id|category id|product category id|gruppe|collection",
        "customer store payment order discount line display price campaign",
    ),
    "brand": _names(
        """brand|brand name|product brand|marke|markenname|hersteller|manufacturer|
        manufacturer name|maker|marque|fabricant|marca|fabricante|marchio|produttore|marka|
        producent|merk|fabrikant|vendor|vendor name""",
        "supplier|label|manufacturer id|brand id|publisher|designer|lieferant",
        "price url choice",
    ),
    "known_from": _names(
        """known from|valid from|effective from|effective date|gueltig ab|gueltig von|
        valable depuis|valido desde|dbt valid from|start date|row valid from""",
        "",
        "promotion price",
    ),
    "status": _names(
        """order status|status|financial status|order state|bestellstatus|auftragsstatus|
        storno|storniert|is cancelled|is canceled|cancelled|canceled|cancelled at|canceled at|
        statut|statut commande|estado|estado pedido|stato ordine|status pedido|orderstatus|
        invoice status|transaction status""",
        "state",
        "customer shipping fulfillment lineitem",
    ),
    "hour": _names(
        """time|order time|transaction time|trans time|sale time|uhrzeit|bestelluhrzeit|zeit|
        erzet|heure|hora|ora|godzina|tijd|invoice time""",
        "",
        "date zone zip delivery",
    ),
}  # fmt: skip
"""Word -> its names. ``amount``, ``discount``, ``status`` and ``hour`` (a time of day) are no
columns of the vocabulary: such columns are what others are worked out from."""
