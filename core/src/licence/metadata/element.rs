//! The elements of GB/T 36903-2018 and the names under which they travel.

/// Declares [`Element`] from one table, so that each row's names stand in one place.
macro_rules! elements {
    ($($variant:ident $short:literal $zh:literal [$($alias:literal)*] $presence:ident;)*) => {
        /// An element of the metadata, in the standard's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Element {
            $(#[doc = concat!($short, ", ", $zh)] $variant,)*
        }

        impl Element {
            /// Every element, in the standard's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The short name: initials of the Chinese name, as used in `CustomData`.
            #[must_use]
            pub const fn short(self) -> &'static str {
                match self { $(Self::$variant => $short,)* }
            }

            /// The Chinese name.
            #[must_use]
            pub const fn name_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// Whether a licence without it is incomplete.
            #[must_use]
            pub const fn is_required(self) -> bool {
                match self { $(Self::$variant => matches!(Presence::$presence, Presence::Required),)* }
            }

            const fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($alias,)*],)* }
            }
        }
    };
}

enum Presence {
    Required,
    Optional,
}

elements! {
    Name "ZZMC" "证照名称" ["certificateName" "certificateTypeName"] Required;
    TypeCode "ZZLXDM" "证照类型代码" ["certificateTypeCode"] Required;
    Number "ZZBH" "证照编号" ["certificateNumber" "证照号码"] Required;
    Identifier "ZZBS" "证照标识" ["certificateIdentifier" "电子证照标识"] Required;
    IssuingAuthority "ZZBFJG" "证照颁发机构"
        ["certificateIssuingAuthorityName" "颁发机构" "发证机关"] Required;
    IssuingAuthorityCode "ZZBFJGDM" "证照颁发机构代码"
        ["certificateIssuingAuthorityCode" "颁发机构代码"] Required;
    IssuedOn "ZZBFRQ" "证照颁发日期" ["certificateIssuedDate" "颁发日期" "发证日期"] Required;
    HolderName "CZZT" "持证主体" ["certificateHolderName" "持证主体名称"] Required;
    HolderCode "CZZTDM" "持证主体代码" ["certificateHolderCode"] Required;
    HolderCodeTypeName "CZZTDMLX" "持证主体代码类型" ["certificateHolderTypeName"] Optional;
    HolderCodeType "CZZTDMLXDM" "持证主体代码类型代码" ["certificateHolderTypeCode"] Required;
    ValidFrom "ZZYXQQSRQ" "证照有效期起始日期"
        ["certificateEffectiveDate" "有效期起始日期"] Optional;
    ValidUntil "ZZYXQJZRQ" "证照有效期截止日期"
        ["certificateExpiringDate" "有效期截止日期"] Optional;
    IssuingAuthorityLevel "ZZBFJGJB" "证照颁发机构级别" ["certificateIssuingAuthorityLevel"] Optional;
    SealedBy "ZZQZR" "证照签章人" ["签章人"] Optional;
    SealedAt "ZZQZSJ" "证照签章时间" ["签章时间"] Optional;
    SealName "ZZQZMC" "证照签章名称" ["签章名称"] Optional;
    CreatedAt "CJSJ" "创建时间" [] Optional;
    CopyMadeAt "JZJZZSJ" "加注件制作时间" ["copy_creation_time"] Optional;
    CopyMadeBy "JZJZZZ" "加注件制作者" ["copy_creator"] Optional;
    CopyPurpose "JZJZZSY" "加注件制作事由" ["copy_creation_cause"] Optional;
    CopyValidUntil "JZJYXQJZSJ" "加注件有效期截止时间" ["copy_expiring_time"] Optional;
}

impl Element {
    /// The element that goes by `name`: its short name or an English name in any case, or a Chinese one.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|element| {
            element.short().eq_ignore_ascii_case(name)
                || element.name_zh() == name
                || element.aliases().iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
    }

    /// Whether it holds a date.
    #[must_use]
    pub const fn is_date(self) -> bool {
        matches!(self, Self::IssuedOn | Self::ValidFrom | Self::ValidUntil)
    }

    /// Whether several holders may stand in it.
    #[must_use]
    pub const fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::HolderName | Self::HolderCode | Self::HolderCodeTypeName | Self::HolderCodeType
        )
    }

    /// Whether it may number a person.
    pub(super) const fn is_personal(self) -> bool {
        matches!(self, Self::HolderCode)
    }
}
