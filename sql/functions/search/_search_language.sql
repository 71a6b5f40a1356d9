-- Return the language that a string names by an ISO code with or without a region (de, de-AT, deu) or in English. The result
-- is the English name (german) or, for a language that is not listed, the code. Null if the string is not a language.
create or replace function graphdb._search_language(p_language text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  with named as (
    select lower(substring(p_language from '^([A-Za-z]+)(?:[-_.@].*)?$') collate "C") as name
  )
  select coalesce(
    (select l.language
     from named as n
     join (values
       ('arabic', '{ar,ara}'), ('armenian', '{hy,hye,arm}'), ('basque', '{eu,eus,baq}'), ('bulgarian', '{bg,bul}'), ('catalan', '{ca,cat}'),
       ('chinese', '{zh,zho,chi,cmn,yue}'), ('croatian', '{hr,hrv}'), ('czech', '{cs,ces,cze}'), ('danish', '{da,dan}'), ('dutch', '{nl,nld,dut}'),
       ('english', '{en,eng}'), ('estonian', '{et,est}'), ('finnish', '{fi,fin}'), ('french', '{fr,fra,fre}'), ('german', '{de,deu,ger}'),
       ('greek', '{el,ell,gre}'), ('hebrew', '{he,heb,iw}'), ('hindi', '{hi,hin}'), ('hungarian', '{hu,hun}'), ('indonesian', '{id,ind}'),
       ('irish', '{ga,gle}'), ('italian', '{it,ita}'), ('japanese', '{ja,jpn}'), ('korean', '{ko,kor}'), ('latvian', '{lv,lav}'),
       ('lithuanian', '{lt,lit}'), ('nepali', '{ne,nep}'), ('norwegian', '{no,nor,nb,nob,nn,nno}'), ('persian', '{fa,fas,per}'),
       ('polish', '{pl,pol}'), ('portuguese', '{pt,por}'), ('romanian', '{ro,ron,rum}'), ('russian', '{ru,rus}'), ('serbian', '{sr,srp}'),
       ('slovak', '{sk,slk,slo}'), ('slovenian', '{sl,slv}'), ('spanish', '{es,spa}'), ('swedish', '{sv,swe}'), ('tamil', '{ta,tam}'),
       ('thai', '{th,tha}'), ('turkish', '{tr,tur}'), ('ukrainian', '{uk,ukr}'), ('vietnamese', '{vi,vie}'), ('yiddish', '{yi,yid}'),
       ('simple', '{}'))
       as l (language, codes)
       on n.name = l.language or n.name = any (l.codes::text[])
     limit 1),
    (select n.name from named as n where n.name ~ '^[a-z]{2,3}$'))
$$;

comment on function graphdb._search_language(text) is
  'Return the language that a string names, such as german for de-AT. It is the code for a language that is not listed, and null if the string is not a language.';
revoke all on function graphdb._search_language(text) from public;
