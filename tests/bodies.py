"""Bodies for tests: a standing and a walking person, and the joint trees of the conventions in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motion2language.motion import CANONICAL, Motion, Skeleton

SHARED = Path(__file__).parents[2] / "shared"
SIDES = ("left", "right")
LIMBS = ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe")


def tree(sides: tuple[str, str], *chains: str, name: str = "test") -> Skeleton:
    """A skeleton from chains `parent > child > grandchild`; a chain with * is written once for each side."""
    joints: list[str] = []
    parents: list[int] = []
    for chain in chains:
        for side in sides if "*" in chain else ("",):
            path = [joint.strip().replace("*", side) for joint in chain.split(">")]
            for parent, joint in zip([None, *path[:-1]], path, strict=True):
                if joint not in joints:
                    parents.append(-1 if parent is None else joints.index(parent))
                    joints.append(joint)
    return Skeleton(name, tuple(joints), tuple(parents))


# Sides, tree, expected trunk (pelvis spine chest neck head), expected limb (LIMBS, "" = a mixture or the ankle).
CONVENTIONS: dict[str, tuple[tuple[str, str], tuple[str, ...], str, str]] = {
    "bandai": (
        ("L", "R"),
        (
            "joint_Root > Hips > Spine > Chest > Neck > Head",
            "Chest > Shoulder_* > UpperArm_* > LowerArm_* > Hand_*",
            "Hips > UpperLeg_* > LowerLeg_* > Foot_* > Toes_*",
        ),
        "Hips Spine Chest Neck Head",
        "Shoulder_* UpperArm_* LowerArm_* Hand_* UpperLeg_* LowerLeg_* Foot_* Toes_*",
    ),
    "bandai without root": (
        ("L", "R"),
        (
            "Hips > Spine > Chest > Neck > Head",
            "Chest > Shoulder_* > UpperArm_* > LowerArm_* > Hand_*",
            "Hips > UpperLeg_* > LowerLeg_* > Foot_* > Toes_*",
        ),
        "Hips Spine Chest Neck Head",
        "Shoulder_* UpperArm_* LowerArm_* Hand_* UpperLeg_* LowerLeg_* Foot_* Toes_*",
    ),
    "cmu daz": (
        ("l", "r"),
        (
            "hip > abdomen > chest > neck > head > leftEye",
            "head > rightEye",
            "chest > *Collar > *Shldr > *ForeArm > *Hand > *Thumb1 > *Thumb2",
            "*Hand > *Index1 > *Index2",
            "*Hand > *Mid1 > *Mid2",
            "*Hand > *Ring1 > *Ring2",
            "*Hand > *Pinky1 > *Pinky2",
            "hip > *Buttock > *Thigh > *Shin > *Foot",
        ),
        "hip abdomen chest neck head",
        "*Collar *Shldr *ForeArm *Hand *Thigh *Shin *Foot -",
    ),
    "cmu motionbuilder": (
        ("Left", "Right"),
        (
            "Hips > LHipJoint > LeftUpLeg > LeftLeg > LeftFoot > LeftToeBase",
            "Hips > RHipJoint > RightUpLeg > RightLeg > RightFoot > RightToeBase",
            "Hips > LowerBack > Spine > Spine1 > Neck > Neck1 > Head",
            "Spine1 > *Shoulder > *Arm > *ForeArm > *Hand > *FingerBase > *HandIndex1",
            "*Hand > *Thumb",
        ),
        "Hips Spine Spine1 Neck Head",
        "*Shoulder *Arm *ForeArm *Hand *UpLeg *Leg *Foot *ToeBase",
    ),
    "cmu asf": (
        ("l", "r"),
        (
            "root > *hipjoint > *femur > *tibia > *foot > *toes",
            "root > lowerback > upperback > thorax > lowerneck > upperneck > head",
            "thorax > *clavicle > *humerus > *radius > *wrist > *hand > *fingers",
            "*wrist > *thumb",
        ),
        "root lowerback upperback thorax upperneck",
        "- *clavicle *humerus *radius *hipjoint *femur *tibia *foot",
    ),
    "mixamo": (
        ("Left", "Right"),
        (
            "mixamorig:Hips > mixamorig:Spine > mixamorig:Spine1 > mixamorig:Spine2 > mixamorig:Neck > mixamorig:Head",
            "mixamorig:Head > mixamorig:HeadTop_End",
            "mixamorig:Spine2 > mixamorig:*Shoulder > mixamorig:*Arm > mixamorig:*ForeArm > mixamorig:*Hand",
            "mixamorig:*Hand > mixamorig:*HandThumb1 > mixamorig:*HandThumb2",
            "mixamorig:*Hand > mixamorig:*HandIndex1 > mixamorig:*HandIndex2",
            "mixamorig:Hips > mixamorig:*UpLeg > mixamorig:*Leg > mixamorig:*Foot > mixamorig:*ToeBase",
            "mixamorig:*ToeBase > mixamorig:*Toe_End",
        ),
        "mixamorig:Hips mixamorig:Spine1 mixamorig:Spine2 mixamorig:Neck mixamorig:Head",
        "mixamorig:*Shoulder mixamorig:*Arm mixamorig:*ForeArm mixamorig:*Hand "
        "mixamorig:*UpLeg mixamorig:*Leg mixamorig:*Foot mixamorig:*ToeBase",
    ),
    "mixamo without prefix": (
        ("Left", "Right"),
        (
            "Hips > Spine > Spine1 > Spine2 > Neck > Head > HeadTop_End",
            "Spine2 > *Shoulder > *Arm > *ForeArm > *Hand > *HandMiddle1",
            "Hips > *UpLeg > *Leg > *Foot > *ToeBase > *Toe_End",
        ),
        "Hips Spine1 Spine2 Neck Head",
        "*Shoulder *Arm *ForeArm *Hand *UpLeg *Leg *Foot *ToeBase",
    ),
    "xsens bvh": (
        ("Left", "Right"),
        (
            "Hips > Chest > Chest2 > Chest3 > Chest4 > Neck > Head",
            "Chest4 > *Collar > *Shoulder > *Elbow > *Wrist",
            "Hips > *Hip > *Knee > *Ankle > *Toe",
        ),
        "Hips Chest2 Chest4 Neck Head",
        "*Collar *Shoulder *Elbow *Wrist *Hip *Knee *Ankle *Toe",
    ),
    "xsens mvn": (
        ("Left", "Right"),
        (
            "Pelvis > L5 > L3 > T12 > T8 > Neck > Head",
            "T8 > *Shoulder > *UpperArm > *ForeArm > *Hand",
            "Pelvis > *UpperLeg > *LowerLeg > *Foot > *Toe",
        ),
        "Pelvis L3 T8 Neck Head",
        "*Shoulder *UpperArm *ForeArm *Hand *UpperLeg *LowerLeg *Foot *Toe",
    ),
    "rokoko": (
        ("Left", "Right"),
        (
            "Hips > Spine1 > Spine2 > Spine3 > Spine4 > Neck > Head",
            "Spine4 > *Shoulder > *Arm > *ForeArm > *Hand > *Digit2Metacarpal",
            "Hips > *Thigh > *Shin > *Foot > *Toe > *ToeTip",
        ),
        "Hips Spine2 Spine4 Neck Head",
        "*Shoulder *Arm *ForeArm *Hand *Thigh *Shin *Foot *Toe",
    ),
    "perception neuron": (
        ("Left", "Right"),
        (
            "Robot_Hips > Robot_*UpLeg > Robot_*Leg > Robot_*Foot",
            "Robot_Hips > Robot_Spine > Robot_Spine1 > Robot_Spine2 > Robot_Spine3 > Robot_Neck > Robot_Head",
            "Robot_Spine3 > Robot_*Shoulder > Robot_*Arm > Robot_*ForeArm > Robot_*Hand > Robot_*HandThumb1",
            "Robot_*Hand > Robot_*InHandIndex > Robot_*HandIndex1",
        ),
        "Robot_Hips Robot_Spine1 Robot_Spine3 Robot_Neck Robot_Head",
        "Robot_*Shoulder Robot_*Arm Robot_*ForeArm Robot_*Hand Robot_*UpLeg Robot_*Leg Robot_*Foot -",
    ),
    "vicon nexus": (
        ("L", "R"),
        (
            "Pelvis > Thorax > Head",
            "Thorax > *Clavicle > *Humerus > *Radius > *Hand",
            "Pelvis > *Femur > *Tibia > *Foot > *Toes",
        ),
        "Pelvis Thorax - - Head",
        "*Clavicle *Humerus *Radius *Hand *Femur *Tibia *Foot *Toes",
    ),
    "vicon shogun": (
        ("Left", "Right"),
        (
            "Solving:Hips > Solving:Spine > Solving:Spine1 > Solving:Spine2 > Solving:Spine3 > Solving:Neck",
            "Solving:Neck > Solving:Neck1 > Solving:Head",
            "Solving:Spine3 > Solving:*Shoulder > Solving:*Arm > Solving:*ForeArm > Solving:*Hand",
            "Solving:Hips > Solving:*UpLeg > Solving:*Leg > Solving:*Foot > Solving:*ToeBase",
        ),
        "Solving:Hips Solving:Spine1 Solving:Spine3 Solving:Neck Solving:Head",
        "Solving:*Shoulder Solving:*Arm Solving:*ForeArm Solving:*Hand "
        "Solving:*UpLeg Solving:*Leg Solving:*Foot Solving:*ToeBase",
    ),
    "optitrack": (
        ("L", "R"),
        (
            "Hip > Ab > Chest > Neck > Head",
            "Chest > *Shoulder > *UArm > *FArm > *Hand",
            "Hip > *Thigh > *Shin > *Foot > *Toe",
        ),
        "Hip Ab Chest Neck Head",
        "*Shoulder *UArm *FArm *Hand *Thigh *Shin *Foot *Toe",
    ),
    "unreal": (
        ("l", "r"),
        (
            "root > pelvis > spine_01 > spine_02 > spine_03 > neck_01 > head",
            "spine_03 > clavicle_* > upperarm_* > upperarm_twist_01_*",
            "upperarm_* > lowerarm_* > lowerarm_twist_01_*",
            "lowerarm_* > hand_* > index_01_* > index_02_*",
            "pelvis > thigh_* > thigh_twist_01_*",
            "thigh_* > calf_* > calf_twist_01_*",
            "calf_* > foot_* > ball_*",
            "root > ik_foot_root > ik_foot_*",
            "root > ik_hand_root > ik_hand_gun > ik_hand_*",
        ),
        "pelvis spine_02 spine_03 neck_01 head",
        "clavicle_* upperarm_* lowerarm_* hand_* thigh_* calf_* foot_* ball_*",
    ),
    "smpl 24": (
        ("left", "right"),
        (
            "pelvis > *_hip > *_knee > *_ankle > *_foot",
            "pelvis > spine1 > spine2 > spine3 > neck > head",
            "spine3 > *_collar > *_shoulder > *_elbow > *_wrist > *_hand",
        ),
        "pelvis spine2 spine3 neck head",
        "*_collar *_shoulder *_elbow *_wrist *_hip *_knee *_ankle *_foot",
    ),
    "kit": (
        ("L", "R"),
        (
            "root > BP > BT > BLN > BUN",
            "BLN > *S > *E > *W",
            "root > *H > *K > *A > *Mrot > *F",
        ),
        "root BP BT BLN BUN",
        "- *S *E *W *H *K *A *F",
    ),
    "biped": (
        ("L", "R"),
        (
            "Bip01 > Bip01 Pelvis > Bip01 Spine > Bip01 Spine1 > Bip01 Spine2 > Bip01 Neck",
            "Bip01 Neck > Bip01 Head > Bip01 HeadNub",
            "Bip01 Neck > Bip01 * Clavicle > Bip01 * UpperArm > Bip01 * Forearm > Bip01 * Hand > Bip01 * Finger0",
            "Bip01 Spine > Bip01 * Thigh > Bip01 * Calf > Bip01 * Foot > Bip01 * Toe0 > Bip01 * Toe0Nub",
        ),
        "Bip01_Pelvis Bip01_Spine1 Bip01_Spine2 Bip01_Neck Bip01_Head",
        "Bip01_*_Clavicle Bip01_*_UpperArm Bip01_*_Forearm Bip01_*_Hand "
        "Bip01_*_Thigh Bip01_*_Calf Bip01_*_Foot Bip01_*_Toe0",
    ),
    "rigify": (
        ("L", "R"),
        (
            "spine > spine.001 > spine.002 > spine.003 > breast.*",
            "spine.003 > spine.004 > spine.005 > spine.006",
            "spine.003 > shoulder.* > upper_arm.* > forearm.* > hand.* > palm.01.* > f_index.01.*",
            "spine > pelvis.*",
            "spine > thigh.* > shin.* > foot.* > heel.02.*",
            "foot.* > toe.*",
        ),
        "spine spine.002 spine.003 spine.004 spine.006",
        "shoulder.* upper_arm.* forearm.* hand.* thigh.* shin.* foot.* toe.*",
    ),
    "character creator": (
        ("L", "R"),
        (
            "CC_Base_BoneRoot > CC_Base_Hip > CC_Base_Pelvis > CC_Base_*_Thigh > CC_Base_*_Calf > CC_Base_*_Foot",
            "CC_Base_*_Foot > CC_Base_*_ToeBase",
            "CC_Base_*_Thigh > CC_Base_*_ThighTwist01",
            "CC_Base_Hip > CC_Base_Waist > CC_Base_Spine01 > CC_Base_Spine02 > CC_Base_NeckTwist01",
            "CC_Base_NeckTwist01 > CC_Base_NeckTwist02 > CC_Base_Head",
            "CC_Base_Spine02 > CC_Base_*_Clavicle > CC_Base_*_Upperarm > CC_Base_*_Forearm > CC_Base_*_Hand",
        ),
        "CC_Base_Pelvis CC_Base_Spine01 CC_Base_Spine02 CC_Base_NeckTwist01 CC_Base_Head",
        "CC_Base_*_Clavicle CC_Base_*_Upperarm CC_Base_*_Forearm CC_Base_*_Hand "
        "CC_Base_*_Thigh CC_Base_*_Calf CC_Base_*_Foot CC_Base_*_ToeBase",
    ),
    "vrm": (
        ("L", "R"),
        (
            "Root > J_Bip_C_Hips > J_Bip_C_Spine > J_Bip_C_Chest > J_Bip_C_UpperChest > J_Bip_C_Neck > J_Bip_C_Head",
            "J_Bip_C_Head > J_Sec_Hair1_01 > J_Sec_Hair2_01",
            "J_Bip_C_UpperChest > J_Bip_*_Shoulder > J_Bip_*_UpperArm > J_Bip_*_LowerArm > J_Bip_*_Hand",
            "J_Bip_C_Hips > J_Bip_*_UpperLeg > J_Bip_*_LowerLeg > J_Bip_*_Foot > J_Bip_*_ToeBase",
        ),
        "J_Bip_C_Hips J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck J_Bip_C_Head",
        "J_Bip_*_Shoulder J_Bip_*_UpperArm J_Bip_*_LowerArm J_Bip_*_Hand "
        "J_Bip_*_UpperLeg J_Bip_*_LowerLeg J_Bip_*_Foot J_Bip_*_ToeBase",
    ),
    "quaternius": (
        ("L", "R"),
        (
            "Bone > Foot.*",
            "Bone > PoleTarget.*",
            "Bone > Body > Hips > Abdomen > Torso > Neck > Head",
            "Torso > Shoulder.* > UpperArm.* > LowerArm.* > Fist.* > Fist.*_end",
            "Body > UpperLeg.* > LowerLeg.* > LowerLeg.*_end",
        ),
        "Hips Abdomen Torso Neck Head",
        "Shoulder.* UpperArm.* LowerArm.* Fist.* UpperLeg.* LowerLeg.* Foot.* -",
    ),
    "kaykit": (
        ("l", "r"),
        (
            "root > hips > spine > chest > head",
            "chest > upperarm.* > lowerarm.* > wrist.* > hand.* > handslot.*",
            "hips > upperleg.* > lowerleg.* > foot.* > toes.*",
        ),
        "hips spine chest - head",
        "- upperarm.* lowerarm.* wrist.* upperleg.* lowerleg.* foot.* toes.*",
    ),
    "short letters": (
        ("l", "r"),
        (
            "body_world > b_root > b_spine0 > b_spine1 > b_spine2 > b_neck0 > b_head",
            "b_spine2 > p_*_scap > b_*_shoulder > b_*_arm > b_*_arm_twist",
            "b_*_arm > b_*_forearm > b_*_hand > b_*_index1",
            "b_root > b_*_upleg > b_*_leg > b_*_foot > b_*_ball",
        ),
        "b_root b_spine1 b_spine2 b_neck0 b_head",
        "b_*_shoulder b_*_arm b_*_forearm b_*_hand b_*_upleg b_*_leg b_*_foot b_*_ball",
    ),
    "auto-rig pro": (
        ("l", "r"),
        (
            "root.x > spine_01.x > spine_02.x > neck.x > head.x",
            "spine_02.x > shoulder.* > arm_stretch.* > forearm_stretch.* > hand.* > index1.*",
            "arm_stretch.* > arm_twist.*",
            "root.x > thigh_stretch.* > leg_stretch.* > foot.* > toes_01.*",
        ),
        "root.x spine_01.x spine_02.x neck.x head.x",
        "shoulder.* arm_stretch.* forearm_stretch.* hand.* thigh_stretch.* leg_stretch.* foot.* toes_01.*",
    ),
    "source 2": (
        ("L", "R"),
        (
            "pelvis > spine_0 > spine_1 > spine_2 > neck_0 > head",
            "spine_2 > clavicle_* > arm_upper_* > arm_lower_* > hand_* > finger_index_0_*",
            "arm_upper_* > arm_upper_*_twist0",
            "pelvis > leg_upper_* > leg_lower_* > ankle_* > ball_*",
        ),
        "pelvis spine_1 spine_2 neck_0 head",
        "clavicle_* arm_upper_* arm_lower_* hand_* leg_upper_* leg_lower_* ankle_* ball_*",
    ),
    "advanced skeleton": (
        ("L", "R"),
        (
            "Root_M > Spine1_M > Chest_M > Neck_M > Head_M > HeadEnd_M",
            "Chest_M > Scapula_* > Shoulder_* > Elbow_* > Wrist_* > IndexFinger1_*",
            "Root_M > Hip_* > Knee_* > Ankle_* > Toes_* > ToesEnd_*",
            "Ankle_* > Heel_*",
        ),
        "Root_M Spine1_M Chest_M Neck_M Head_M",
        "Scapula_* Shoulder_* Elbow_* Wrist_* Hip_* Knee_* Ankle_* Toes_*",
    ),
    "second life": (
        ("Left", "Right"),
        (
            "mPelvis > mTorso > mChest > mNeck > mHead > mSkull",
            "mChest > mCollar* > mShoulder* > mElbow* > mWrist*",
            "mPelvis > mHip* > mKnee* > mAnkle* > mFoot* > mToe*",
        ),
        "mPelvis mTorso mChest mNeck mHead",
        "mCollar* mShoulder* mElbow* mWrist* mHip* mKnee* mAnkle* mToe*",
    ),
    "smpl in blender": (
        ("L", "R"),
        (
            "f_avg_root > f_avg_Pelvis > f_avg_Spine1 > f_avg_Spine2 > f_avg_Spine3 > f_avg_Neck > f_avg_Head",
            "f_avg_Spine3 > f_avg_*_Collar > f_avg_*_Shoulder > f_avg_*_Elbow > f_avg_*_Wrist > f_avg_*_Hand",
            "f_avg_Pelvis > f_avg_*_Hip > f_avg_*_Knee > f_avg_*_Ankle > f_avg_*_Foot",
        ),
        "f_avg_Pelvis f_avg_Spine2 f_avg_Spine3 f_avg_Neck f_avg_Head",
        "f_avg_*_Collar f_avg_*_Shoulder f_avg_*_Elbow f_avg_*_Wrist "
        "f_avg_*_Hip f_avg_*_Knee f_avg_*_Ankle f_avg_*_Foot",
    ),
    "arkit": (
        ("left", "right"),
        (
            "root > hips_joint > spine_1_joint > spine_4_joint > spine_7_joint > neck_1_joint > neck_4_joint",
            "neck_4_joint > head_joint > jaw_joint",
            "spine_7_joint > *_shoulder_1_joint > *_arm_joint > *_forearm_joint > *_hand_joint",
            "hips_joint > *_upLeg_joint > *_leg_joint > *_foot_joint > *_toes_joint > *_toesEnd_joint",
        ),
        "hips_joint spine_4_joint spine_7_joint neck_1_joint head_joint",
        "*_shoulder_1_joint *_arm_joint *_forearm_joint *_hand_joint "
        "*_upLeg_joint *_leg_joint *_foot_joint *_toes_joint",
    ),
    "deforming rigify": (
        ("L", "R"),
        (
            "DEF-spine > DEF-spine.001 > DEF-spine.002 > DEF-spine.003 > DEF-spine.004 > DEF-spine.005 > DEF-spine.006",
            "DEF-spine.003 > DEF-shoulder.* > DEF-upper_arm.* > DEF-upper_arm.*.001 > DEF-forearm.*",
            "DEF-forearm.* > DEF-forearm.*.001 > DEF-hand.* > DEF-f_index.01.*",
            "DEF-spine > DEF-pelvis.*",
            "DEF-spine > DEF-thigh.* > DEF-thigh.*.001 > DEF-shin.* > DEF-shin.*.001 > DEF-foot.* > DEF-toe.*",
        ),
        "DEF-spine DEF-spine.002 DEF-spine.003 DEF-spine.004 DEF-spine.006",
        "DEF-shoulder.* DEF-upper_arm.* DEF-forearm.* DEF-hand.* DEF-thigh.* DEF-shin.* DEF-foot.* DEF-toe.*",
    ),
    "makehuman": (
        ("L", "R"),
        (
            "root > spine05 > spine04 > spine03 > spine02 > spine01 > neck01 > neck02 > head",
            "spine01 > clavicle.* > shoulder01.* > upperarm01.* > upperarm02.* > lowerarm01.* > lowerarm02.* > wrist.*",
            "root > pelvis.* > upperleg01.* > upperleg02.* > lowerleg01.* > lowerleg02.* > foot.* > toe1-1.*",
        ),
        "root spine03 spine01 neck01 head",
        "clavicle.* upperarm01.* lowerarm01.* wrist.* upperleg01.* lowerleg01.* foot.* toe1-1.*",
    ),
    "valve": (
        ("L", "R"),
        (
            "ValveBiped.Bip01_Pelvis > ValveBiped.Bip01_Spine > ValveBiped.Bip01_Spine2 > ValveBiped.Bip01_Neck1",
            "ValveBiped.Bip01_Neck1 > ValveBiped.Bip01_Head1",
            "ValveBiped.Bip01_Spine2 > ValveBiped.Bip01_*_Clavicle > ValveBiped.Bip01_*_UpperArm",
            "ValveBiped.Bip01_*_UpperArm > ValveBiped.Bip01_*_Forearm > ValveBiped.Bip01_*_Hand",
            "ValveBiped.Bip01_Pelvis > ValveBiped.Bip01_*_Thigh > ValveBiped.Bip01_*_Calf > ValveBiped.Bip01_*_Foot",
            "ValveBiped.Bip01_*_Foot > ValveBiped.Bip01_*_Toe0",
        ),
        "ValveBiped.Bip01_Pelvis ValveBiped.Bip01_Spine ValveBiped.Bip01_Spine2 "
        "ValveBiped.Bip01_Neck1 ValveBiped.Bip01_Head1",
        "ValveBiped.Bip01_*_Clavicle ValveBiped.Bip01_*_UpperArm ValveBiped.Bip01_*_Forearm ValveBiped.Bip01_*_Hand "
        "ValveBiped.Bip01_*_Thigh ValveBiped.Bip01_*_Calf ValveBiped.Bip01_*_Foot ValveBiped.Bip01_*_Toe0",
    ),
    "kinect": (
        ("Left", "Right"),
        (
            "SpineBase > SpineMid > SpineShoulder > Neck > Head",
            "SpineShoulder > Shoulder* > Elbow* > Wrist* > Hand* > HandTip*",
            "SpineBase > Hip* > Knee* > Ankle* > Foot*",
        ),
        "SpineBase SpineMid SpineShoulder Neck Head",
        "- Shoulder* Elbow* Wrist* Hip* Knee* Ankle* Foot*",
    ),
    "daz genesis": (
        ("l", "r"),
        (
            "hip > pelvis > *ThighBend > *ThighTwist > *Shin > *Foot > *Metatarsals > *Toe",
            "hip > abdomenLower > abdomenUpper > chestLower > chestUpper > neckLower > neckUpper > head",
            "chestUpper > *Collar > *ShldrBend > *ShldrTwist > *ForearmBend > *ForearmTwist > *Hand",
        ),
        "pelvis abdomenUpper chestUpper neckLower head",
        "*Collar *ShldrBend *ForearmBend *Hand *ThighBend *Shin *Foot *Toe",
    ),
}


def expected_rows(name: str) -> dict[str, str]:
    """Canonical joint -> source joint that the convention must give; joints that must be made up are left out."""
    sides, _, trunk, limb = CONVENTIONS[name]
    rows = dict(zip(("pelvis", "spine", "chest", "neck", "head"), trunk.split(), strict=True))
    for side, token in zip(("left", "right"), sides, strict=True):
        rows |= {f"{side}_{part}": source.replace("*", token) for part, source in zip(LIMBS, limb.split(), strict=True)}
    return {joint: source for joint, source in rows.items() if source != "-"}


def skeleton_of(name: str) -> Skeleton:
    sides, chains, _, _ = CONVENTIONS[name]
    return tree(sides, *chains, name=name)


#: A body of about 1.7 m standing, facing +Z with its left at +X, metres.
STANDING = {
    "pelvis": (0, 0.95, 0), "spine": (0, 1.15, -0.01), "chest": (0, 1.27, -0.01), "neck": (0, 1.46, -0.03),
    "head": (0, 1.55, 0), "left_collar": (0.04, 1.42, -0.02), "left_shoulder": (0.17, 1.42, -0.02),
    "left_elbow": (0.2, 1.13, -0.03), "left_wrist": (0.2, 0.88, 0.03), "left_hip": (0.09, 0.9, 0),
    "left_knee": (0.1, 0.49, 0.01), "left_ankle": (0.1, 0.09, -0.02), "left_toe": (0.11, 0.03, 0.11),
}  # fmt: skip


def standing() -> np.ndarray:
    """(21, 3) metres."""
    both = STANDING | {
        name.replace("left", "right"): (-x, y, z) for name, (x, y, z) in STANDING.items() if "left" in name
    }
    return np.array([both[joint] for joint in CANONICAL.joints], dtype=np.float64)


def walking(frames: int = 40) -> np.ndarray:
    """(T, 21, 3) metres: the standing body walks along +Z, legs swinging at the hips, arms at the shoulders."""
    pose = standing()
    time = np.arange(frames)
    motion = np.repeat(pose[None], frames, axis=0)
    swings = (
        ("left_hip", ("left_knee", "left_ankle", "left_toe"), 1),
        ("right_hip", ("right_knee", "right_ankle", "right_toe"), -1),
        ("left_shoulder", ("left_elbow", "left_wrist"), -1),
        ("right_shoulder", ("right_elbow", "right_wrist"), 1),
    )
    for root, limb, sign in swings:
        angle = sign * 0.4 * np.sin(time * 0.3)
        centre = pose[CANONICAL.index(root)]
        for joint in limb:
            column = CANONICAL.index(joint)
            _, y, z = pose[column] - centre
            motion[:, column, 1] = centre[1] + y * np.cos(angle) - z * np.sin(angle)
            motion[:, column, 2] = centre[2] + y * np.sin(angle) + z * np.cos(angle)
    motion[:, :, 2] += 0.04 * time[:, None]
    return motion


def bandai_motion(positions: np.ndarray) -> Motion:
    """Canonical positions under Bandai Namco's names."""
    skeleton = skeleton_of("bandai without root")
    canonical_of = {source: canonical for canonical, source in expected_rows(skeleton.name).items()}
    columns = [CANONICAL.index(canonical_of[joint]) for joint in skeleton.joints]
    return Motion(positions[:, columns], 30, skeleton, "walk")


def rotation(seed: int) -> np.ndarray:
    """A random rotation matrix."""
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return matrix * np.sign(np.linalg.det(matrix))
