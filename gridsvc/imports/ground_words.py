"""The words by which a sender names a level of areas or a layer of grids; no science of shapes is needed for them."""

from __future__ import annotations

from gridsvc.imports.rows import meanings

LEVEL_WORDS = meanings(
    {
        "city": ("city", "市", "地级市", "盟", "自治州", "prefecture"),
        "district": ("district", "county", "区", "县", "区县", "区/县", "县级市", "旗"),
        "subdistrict": ("subdistrict", "township", "town", "street", "街道", "镇", "乡", "街道乡镇", "乡镇", "街镇"),
        "community": ("community", "village", "社区", "村", "社区村", "居委会", "村委会", "社区/村", "村居"),
    }
)
LAYER_WORDS = meanings(
    {
        "base": ("base", "基础", "基础网格", "综合网格", "单元网格", "管理网格"),
        "dedicated": ("dedicated", "专属", "专属网格", "专用网格"),
    }
)
