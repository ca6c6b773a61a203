"""Writes quoting.json: what zc.buildout 6.0.1 writes for values, and what it reads
back. Run it with a Python that has zc.buildout: python quoting.py quoting.json"""
import io,json,random,sys,os
from zc.buildout import buildout as b, configparser
random.seed(6)
def save(v):
    f=io.StringIO(); b._save_option('v',v,f); return f.getvalue()
def read(text):
    # text mode: universal newlines
    f=io.TextIOWrapper(io.BytesIO(text.encode('utf-8','surrogatepass')),encoding='utf-8')
    try:
        s=configparser.parse(f,'x')
    except Exception as e:
        return None
    if set(s)!={'s'} or set(s['s'])!={'v'}: return None
    v=s['s']['v']
    if '%(' in v:
        for k,x in b._spacey_defaults: v=v.replace(k,x)
    return v
fixed=['','a',' ','\t','\n','\n\n',' a','a ','\ta','a\t','a\n','\na','a\nb','a\n\nb','a\n  b','a  \nb','a\n\tb','a\t\nb','a\rb','a\r\nb','\r','a\r','\ra','\f','\v','a\fb','a\n\f\vb',
'%','%(x)s','100%','%(__buildout_space__)s','%(__buildout_space_n__)s x','%(__buildout_space_t__)s','%(__gobuild_09__)s','#a','a\n#b','a\n;b','a\n[x]','[x]','=','a\n=b','x = y','a\nx = y','a\nx += y',
'\u00a0a','a\u00a0','\u00a0','a\n\u00a0b','a\u2028b','\u2028','\x1c','a\x1d','a\x1fb','\x85a','\x00','a\x00b','é','\ufeffa','a\n\nb\n\n','  \n  a','a\n \n b',' \t a \t ','\t \n \t','\n a','\n\ta','\n\t','a\n\t','\U0001f600 x ','a\n\n\n\nb','%(__buildout_space_%(__buildout_space__)sn__)s','${a:b}','$${a:b}','=> a','<= b','a = b\nc = d','"','\\n','a\\\nb']
alpha=[' ',' ','\t','\n','\n','\r','\f','\v','a','b','%','=','#',';','[x]','\u00a0','é','%(__buildout_space__)s','%(','\x1c','x = y','"']
vals=list(fixed)
while len(vals)<600:
    v=''.join(random.choice(alpha) for _ in range(random.randint(1,9)))
    if v not in vals: vals.append(v)
out=[]
for v in vals:
    s=save(v)
    out.append({'value':v,'saved':s,'read':read('[s]\n'+s)})
with open(sys.argv[1],'w') as f:
    f.write('[\n'+',\n'.join(json.dumps(x) for x in out)+'\n]\n')
print(len(out), sum(x['read']==x['value'] for x in out))
