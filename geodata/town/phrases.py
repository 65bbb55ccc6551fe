"""Categories of the town, and what people write about them.

In the texts `{place}` is a place in words; the numbers of the classes follow the structure that city management uses
(event 大类 01 to 06, part 大类 01 to 05; 8x and 9x are a city's own).
"""

from __future__ import annotations

from typing import NamedTuple

from geodata.town.rows import Category

CLASSES = {
    "event-01": ("市容环境", "Appearance and environment"),
    "event-02": ("宣传广告", "Posters and advertising"),
    "event-03": ("施工管理", "Building sites"),
    "event-04": ("街面秩序", "Order in the streets"),
    "event-05": ("突发事件", "Emergencies"),
    "part-01": ("公用设施", "Public utilities"),
    "part-02": ("道路交通设施", "Road and traffic facilities"),
    "part-03": ("市容环境设施", "Sanitation facilities"),
    "part-04": ("园林绿化设施", "Green facilities"),
}


class Phrases(NamedTuple):
    """What is written about one category: its weight among all reports, texts in Chinese, one in English."""

    code: str
    name_zh: str
    name_en: str
    weight: float
    zh: tuple[str, ...]
    en: str


PHRASES = (
    Phrases("event-0110", "暴露生活垃圾", "Exposed household rubbish", 15.0,
            ("{place}有一堆生活垃圾没人清，苍蝇很多", "{place}垃圾袋散落一地，已经两天了",
             "{place}发现暴露垃圾约半方，请安排清运"),
            "Rubbish bags lie open at {place}, please collect them."),
    Phrases("event-0111", "积存垃圾渣土", "Piled-up rubble", 6.0,
            ("{place}堆了装修渣土，占了半条路", "{place}建筑垃圾积存一周以上，扬灰严重"),
            "A heap of building rubble has been left at {place}."),
    Phrases("event-0112", "道路不洁", "Dirty road", 9.0,
            ("{place}路面油污未清洗，行人易滑倒", "{place}路面有大量落叶和泥土", "巡查发现{place}路面不洁"),
            "The road is greasy and slippery at {place}."),
    Phrases("event-0113", "道路破损", "Damaged road", 7.0,
            ("{place}路面塌了个坑，直径约四十公分，晚上骑车危险", "{place}人行道砖松动，下雨溅水"),
            "Deep pothole at {place}, dangerous for bicycles at night."),
    Phrases("event-0117", "绿地脏乱", "Littered green space", 4.0,
            ("{place}绿化带里全是塑料袋和狗粪", "{place}草坪被踩秃，垃圾没清"),
            "Plastic bags and dog dirt in the green strip at {place}."),
    Phrases("event-0128", "商业噪音", "Noise from shops", 4.0,
            ("{place}商铺喇叭从早放到晚，老人休息不好", "{place}夜里十点还在用音响揽客"),
            "A shop at {place} plays loud music until late at night."),
    Phrases("event-0129", "露天烧烤", "Open-air barbecue", 3.0,
            ("{place}露天烧烤油烟直往楼上窜，窗户不敢开", "{place}晚上有人占道烧烤"),
            "Barbecue smoke at {place} fills the flats above."),
    Phrases("event-0135", "废弃家具", "Dumped furniture", 4.0,
            ("{place}扔了旧沙发和床垫，挡着楼道口", "{place}废弃家具三件，无人认领"),
            "An old sofa has been dumped at {place}."),
    Phrases("event-0136", "乱堆物堆料", "Goods piled up in public", 5.0,
            ("{place}有人堆放木料，过不去婴儿车", "{place}楼道堆满纸箱，存在隐患"),
            "Timber is piled on the pavement at {place}."),
    Phrases("event-0201", "非法小广告", "Illegal stickers", 6.0,
            ("{place}墙面贴满小广告，需要清除", "{place}电线杆上又贴了办证广告"),
            "Illegal stickers cover the wall at {place}."),
    Phrases("event-0301", "施工扰民", "Noise from building sites", 3.0,
            ("{place}工地凌晨还在打桩，孩子睡不着", "{place}中午装修电钻声不停"),
            "Pile driving at {place} goes on after midnight."),
    Phrases("event-0304", "工地扬尘", "Dust from building sites", 2.0,
            ("{place}工地没有覆盖，风一吹全是土", "{place}渣土未苫盖，扬尘明显"),
            "Uncovered soil at {place} blows dust into the street."),
    Phrases("event-0401", "无照经营游商", "Unlicensed hawkers", 4.0,
            ("{place}流动摊贩占着路口卖水果，堵车", "{place}校门口有无照游商卖零食"),
            "Hawkers block the corner at {place}."),
    Phrases("event-0406", "占道经营", "Trading on the pavement", 5.0,
            ("{place}店铺把货摆到人行道上，行人只能走马路", "{place}门店占道经营，劝导后仍出摊"),
            "Shops at {place} put their goods on the pavement."),
    Phrases("event-0410", "非机动车乱停放", "Badly parked bicycles", 6.0,
            ("{place}电动车乱停，盲道被占", "{place}非机动车停成三排，出入不便"),
            "E-bikes at {place} block the tactile paving."),
    Phrases("event-0493", "共享单车乱停", "Shared bicycles left about", 2.0,
            ("{place}共享单车倒了一片，没人扶", "{place}共享单车堆积，堵住公交站"),
            "Shared bicycles lie all over the pavement at {place}."),
    Phrases("event-0496", "占用消防通道", "Fire lane blocked", 4.0,
            ("{place}消防通道停满私家车，消防车进不来", "{place}消防通道被地锁堵住，请尽快处理",
             "{place}消防车道划线处长期停车"),
            "Cars are parked in the fire lane at {place}."),
    Phrases("event-0501", "供水管道破裂", "Burst water main", 1.5,
            ("{place}自来水管爆了，水漫到路上", "{place}地下冒清水，怀疑管道破裂"),
            "Clean water is coming up through the road at {place}."),
    Phrases("event-0503", "排水堵塞破裂", "Blocked drain", 4.0,
            ("{place}下水道堵了，污水往外冒，味道很大", "{place}化粪池外溢，一楼住户没法开门"),
            "Sewage overflows from the drain at {place}."),
    Phrases("event-0506", "道路积水", "Flooded road", 3.0,
            ("{place}积水没过脚踝，车熄火了", "{place}雨后积水两小时不退，行人绕行",
             "{place}积水约三十公分，建议封路抽排"),
            "Deep water on the road at {place} after the rain."),
    Phrases("event-0596", "高空坠物", "Objects falling from height", 1.5,
            ("{place}外墙瓷砖往下掉，砸到车", "{place}有人从楼上扔垃圾，差点砸到孩子"),
            "Tiles are falling from the facade at {place}."),
    Phrases("part-0102", "污水井盖", "Sewer manhole cover", 3.0,
            ("{place}井盖没了，已放树枝提醒，请马上来", "{place}井盖松动，车过咣当响"),
            "The manhole cover at {place} is missing."),
    Phrases("part-0104", "雨水箅子", "Storm drain grate", 2.5,
            ("{place}雨水箅子断了两根，容易卡脚", "{place}雨水口被泥堵死"),
            "The storm drain grate at {place} is broken."),
    Phrases("part-0137", "路灯", "Street lamp", 5.0,
            ("{place}路灯三盏不亮，晚上走路害怕", "{place}路灯白天也亮着", "{place}灯杆倾斜"),
            "Three street lamps are out at {place}."),
    Phrases("part-0146", "户外健身设施", "Outdoor fitness equipment", 2.0,
            ("{place}健身器材的踏板断了，老人险些摔倒", "{place}单杠松动"),
            "The fitness equipment at {place} is broken."),
    Phrases("part-0225", "非机动车停放点", "Bicycle stand", 1.5,
            ("{place}停车棚顶漏雨，充电口不通电", "{place}停放点标线磨没了"),
            "The bicycle shed at {place} leaks."),
    Phrases("part-0305", "垃圾箱", "Litter bin", 4.0,
            ("{place}垃圾桶满溢，盖子也坏了", "{place}分类垃圾箱少了一个"),
            "The litter bin at {place} is overflowing."),
    Phrases("part-0402", "行道树", "Street tree", 2.5,
            ("{place}行道树枝压到电线，刮风冒火花", "{place}一棵树歪了，靠在围墙上"),
            "A street tree at {place} leans on the wires."),
)  # fmt: skip

# What residents and other systems write where no code of the list is meant.
UNKNOWN_CATEGORIES = ("飞线充电", "其他问题", "宠物扰民")
CLOSED_NOTES = ("已现场处理完毕", "已通知责任单位处理，复看合格", "已处理并拍照留存", "已处理，反映人认可")
VOID_NOTES = ("现场未发现所报问题", "与此前上报重复", "不属于本街道范围", "内容不清，无法联系反映人")
# A compound as somebody names it on the telephone, and one that bears the name.
NAMED_COMPOUNDS = (
    ("幸福小区", "幸福小区"),
    ("幸福小区", "幸福小区"),
    ("鳳凰花園", "凤凰花园"),
    ("老糖厂宿舍", "糖厂宿舍"),
    ("運輸公司家屬院", "运输公司家属院"),
)
# A resident pasted markup: pages must show it as it is written.
MARKUP = "{place}路灯坏了<b>急！</b>{{{{请尽快}}}} ${{谢谢}}"

WORDS = (
    "{road}与{cross}路口往北五十米左右",
    "{road}公交站后面那条小路",
    "{cross}上的小超市对面",
    "从{road}进去第二个巷子口",
    "{road}{number}号斜对面，变压器旁边",
)
PLACES = ("{road}与{cross}路口", "{road}{number}号门前", "{road}靠近{cross}一侧", "{road}公交站旁")
COMPOUND_PLACES = (
    "{compound}{number}号楼下",
    "{compound}门口",
    "{compound}东侧围墙外",
    "{compound}{number}号楼与{other}号楼之间",
)


def categories() -> tuple[Category, ...]:
    """The town's list of categories, by code."""
    return tuple(
        Category(one.code, "part" if one.code.startswith("part") else "event", one.code[-4:-2], *CLASSES[one.code[:-2]],
                 one.code[-2:], one.name_zh, one.name_en)
        for one in sorted(PHRASES)
    )  # fmt: skip
